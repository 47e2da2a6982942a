import type { ControlStore } from './api/control-store.js';
import type { StoreOptions } from './api/store-options.js';
import { entries } from './audit/entries.js';
import { erase } from './audit/erase.js';
import { exportData } from './audit/export-data.js';
import { openDatabase } from './database/database.js';
import { readSettings } from './database/settings.js';
import { deleteExpiredEvents } from './events/delete-events.js';
import { exposedChanges, readExposures } from './events/exposures.js';
import { readEvents } from './events/read-events.js';
import { recordEvents } from './events/record-events.js';
import { lastFlagEdit, recordFlagEdits } from './flag-edits/record-flag-edits.js';
import { head } from './log/head.js';
import { readLog } from './log/read-log.js';
import { rotateSecret } from './log/rotate-secret.js';
import { secretPeriods } from './log/secret-periods.js';
import { createOutbox } from './outbox/outbox.js';
import { findConsentProblems, migrate, requireSchema } from './schema/migrate.js';
import { apply } from './state/apply.js';
import { consentCounts } from './state/consent-counts.js';
import { consents, items } from './state/items.js';
import { readShared, readTenant } from './state/read-state.js';
import { verify } from './verify/verify.js';

/**
 * Opens the store. The first call connects; only `migrate` creates an embedded database.
 *
 * @throws ControlInputError for an invalid address, secret or number
 */
export function openStore(options: StoreOptions): ControlStore {
  const settings = readSettings(options);
  const database = openDatabase(settings, (session, chains) => requireSchema(session, settings, chains));
  return {
    migrate: () => migrate(database),
    consentProblems: () => findConsentProblems(database),
    apply: (change, write) => apply(database, change, write),
    readLog: (after, limit) => readLog(database, after, limit),
    readTenant: (tenant) => readTenant(database, tenant),
    readShared: () => readShared(database),
    consents: (tenant) => consents(database, tenant),
    consentCounts: () => consentCounts(database),
    items: (query) => items(database, query),
    entries: (query) => entries(database, query),
    rotateSecret: (write) => rotateSecret(database, write),
    secretPeriods: () => secretPeriods(database),
    head: () => head(database),
    verify: (verifyOptions) => verify(database, verifyOptions),
    exportData: (subject) => exportData(database, subject),
    erase: (subject, write) => erase(database, subject, write),
    outbox: createOutbox(database),
    recordFlagEdits: (server, edits) => recordFlagEdits(database, server, edits),
    lastFlagEdit: (server) => lastFlagEdit(database, server),
    recordEvents: (events) => recordEvents(database, events),
    deleteExpiredEvents: (query) => deleteExpiredEvents(database, query),
    events: (query) => readEvents(database, query),
    exposures: (query) => readExposures(database, query),
    exposedChanges: () => exposedChanges(database),
    close: () => database.close(),
  };
}
