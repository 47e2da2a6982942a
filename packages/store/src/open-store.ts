import { readSettings } from './address.js';
import { apply } from './apply.js';
import { consentCounts } from './consent-counts.js';
import type { ControlStore, StoreOptions } from './control-store.js';
import { openDatabase } from './database.js';
import { dropEvents } from './delete-events.js';
import { entries } from './entries.js';
import { erase } from './erase.js';
import { exportData } from './export-data.js';
import { exposedChanges, readExposures } from './exposures.js';
import { lastFlagEdit, recordFlagEdits } from './flag-edits.js';
import { head } from './head.js';
import { consents, items } from './items.js';
import { findConsentProblems, migrate, requireSchema } from './migrate.js';
import { readEvents } from './read-events.js';
import { readLog } from './read-log.js';
import { readShared, readTenant } from './read-state.js';
import { recordEvents } from './record-events.js';
import { rotateSecret } from './rotate-secret.js';
import { secretPeriods } from './secret-periods.js';
import { taskList } from './tasks.js';
import { verify } from './verify.js';

/**
 * Opens the store. Nothing is connected or created yet: the first call does it.
 *
 * @throws ControlInputError for an address, a secret or a number that can't be used
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
    verify: (given) => verify(database, given),
    exportData: (subject) => exportData(database, subject),
    erase: (subject, write) => erase(database, subject, write),
    tasks: taskList(database),
    recordFlagEdits: (server, edits) => recordFlagEdits(database, server, edits),
    lastFlagEdit: (server) => lastFlagEdit(database, server),
    recordEvents: (events) => recordEvents(database, events),
    dropEvents: (query) => dropEvents(database, query),
    events: (query) => readEvents(database, query),
    exposures: (query) => readExposures(database, query),
    exposedChanges: () => exposedChanges(database),
    close: () => database.close(),
  };
}
