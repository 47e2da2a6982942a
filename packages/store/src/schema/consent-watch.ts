import { isStoreError, StoreError } from '../api/store-error.js';
import type { Database } from '../database/database.js';
import { createStoreError } from '../database/driver-error.js';
import { MYSQL } from '../database/mysql/dialect.js';
import type { Session } from '../database/sql-dialect.js';
import { consentTableProblems } from './consent-table.js';
import { LIST_TRIGGERS } from './consent-triggers.js';

interface Trigger {
  readonly name: string;
  readonly event: string;
  /** Digest of its text. */
  readonly body: string;
  readonly created: string;
}

/** The definition of `tenant_ai_consents` on one server. */
export interface Observed {
  /** Identifies the server: times of creation differ between servers. */
  readonly server: string;
  /** Result of SHOW CREATE TABLE: columns, keys, foreign keys, engine, partitions. */
  readonly definition: string;
  readonly created: string;
  readonly triggers: readonly Trigger[];
}

interface Watched {
  readonly observed: string | null;
  readonly broken: string | null;
  readonly server: string;
  readonly created: string | null;
  /** The oldest row according to the log; null without rows. */
  readonly oldest: string | null;
  /** Insertion of the oldest row in ms since 1970; 0 if it was inserted again without a deletion in the log. */
  readonly since: number | null;
  readonly is_there: number;
}

/**
 * One statement and so one snapshot. TRUNCATE leaves no trace in the definition of a table, but it deletes the oldest row, and the trigger
 * marks a second insertion of it by 0.
 */
const WATCHED = `select w.observed, w.broken, concat(@@hostname, ' ', @@server_id) as server,
    (select cast(unix_timestamp(create_time) as char) from information_schema.tables
      where table_schema = database() and table_name = 'tenant_ai_consents') as created,
    concat('tenant ', o.tenant_id, ', class ', o.feature_class) as oldest, o.present_since as since,
    exists (select 1 from tenant_ai_consents c where c.tenant_id = cast(o.tenant_id as unsigned)
      and ${MYSQL.consentClass('c.feature_class')} = o.feature_class) as is_there
  from rampart_consent_watch w left join (select tenant_id, feature_class, present_since from rampart_consent_terms
    where present_since is not null order by present_since limit 1) o on 1 = 1
  where w.id = 1`;

/**
 * Requires that every change of `tenant_ai_consents` is in the log. Each reading of the log checks it, so that no state counts as fresh
 * after an unnoticed change.
 *
 * @throws StoreError `unwatched` that names the problem
 */
export async function requireWatched(database: Database, session: Session): Promise<void> {
  if (database.sql.family !== 'mysql') return;
  const { redactedUrl } = database.settings.address;
  const problem = await findUnwatched(session).catch((error: unknown) => {
    if (!isStoreError(error) || error.kind !== 'refused') throw error;
    const fix = 'grant this user SELECT on tenant_ai_consents and EXECUTE on the procedure rampart_consent_triggers';
    throw new StoreError('refused', `${redactedUrl}: ${fix}: ${error.message}`, { cause: error });
  });
  if (problem === undefined) return;
  throw createStoreError('unwatched', redactedUrl, `tenant_ai_consents: ${problem}`);
}

/** Why a change of `tenant_ai_consents` may be missing in the log; undefined if none can be. */
export async function findUnwatched(session: Session): Promise<string | undefined> {
  try {
    const [watched] = await session.rows<Watched>(WATCHED);
    if (watched?.observed == null) return 'it was never checked';
    if (watched.broken !== null) return watched.broken;
    if (watched.since === 0) {
      return `the row of ${watched.oldest} appeared twice: it was removed where no trigger saw it, or has a second spelling`;
    }
    if (watched.oldest !== null && !watched.is_there) {
      return `the row of ${watched.oldest} was removed where no trigger saw it: the table was emptied, or replaced`;
    }
    const before = JSON.parse(watched.observed) as Observed;
    return await differenceOf(session, before, await observe(session, watched));
  } catch (error) {
    // The table or a column is missing.
    if (isStoreError(error) && error.kind === 'schema_older') return `it can't be read: ${error.message}`;
    throw error;
  }
}

/** The current definition of the table. */
export async function observeConsents(session: Session): Promise<Observed> {
  const [watched] = await session.rows<Watched>(WATCHED);
  if (watched === undefined) throw new Error('rampart_consent_watch has no row');
  return observe(session, watched);
}

async function observe(session: Session, { server, created }: Watched): Promise<Observed> {
  const [definitionRow] = await session.rows<Record<string, string>>('show create table tenant_ai_consents');
  const [triggers] = await session.rows<readonly Trigger[]>(LIST_TRIGGERS);
  const definition = (definitionRow?.['Create Table'] ?? 'a view').replace(/ AUTO_INCREMENT=\d+/, '');
  return { server, created: created ?? '', definition, triggers: triggers ?? [] };
}

async function differenceOf(session: Session, before: Observed, now: Observed): Promise<string | undefined> {
  const isHere = before.server === now.server;
  const missing = before.triggers.find(({ name }) => !now.triggers.some((trigger) => trigger.name === name));
  if (missing !== undefined) return `its trigger ${missing.name} is missing`;
  const foreign = now.triggers.find(({ name }) => !before.triggers.some((trigger) => trigger.name === name));
  if (foreign !== undefined) return `its trigger ${foreign.name} is not Rampart's`;
  const changed = now.triggers.find(
    (trigger) => !before.triggers.some((other) => isSameTrigger(trigger, other, isHere)),
  );
  if (changed !== undefined) return `its trigger ${changed.name} was replaced`;
  if (isHere && before.definition === now.definition && before.created === now.created) return undefined;
  const [problem] = await consentTableProblems(session);
  if (problem !== undefined) return problem;
  // After a failover the other server has other times of creation, and its version may word a definition differently.
  return isHere ? 'it was altered or replaced' : undefined;
}

function isSameTrigger(one: Trigger, other: Trigger, isHere: boolean): boolean {
  if (one.name !== other.name || one.event !== other.event || one.body !== other.body) return false;
  return !isHere || one.created === other.created;
}
