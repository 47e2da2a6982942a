import { ReusedIdError } from '../api/conflict-error.js';
import type { DataSubject, Write } from '../api/control-items.js';
import type { RecordedEntry } from '../api/recorded-entry.js';
import type { Database } from '../database/database.js';
import { placeholders, type Session, type SqlDialect, type Statement } from '../database/sql-dialect.js';
import { deleteEvents } from '../events/delete-events.js';
import { type Plan, runPlanned, toRecordedEntry } from '../log/append.js';
import { isSameAuthor, readWrite, tenantLockKey } from '../state/apply.js';
import { itemsNaming, readSubject, requireNone } from './export-data.js';

/** Identifies a tenant or user in the log. */
interface Pseudonym {
  readonly pseudonym: string;
  /** Empty for the tenant itself. */
  readonly user_id: string;
}

/** The entry that already has the id of the write. */
interface AppliedErasure extends RecordedEntry {
  readonly kind: string;
  readonly what: string | null;
  readonly who: string | null;
}

/** What is stored about a tenant with its users, or about one user. */
interface StoredData {
  readonly applied: AppliedErasure | undefined;
  readonly pseudonyms: readonly Pseudonym[];
  /** Entries about others of the tenant that the user made. */
  readonly authored: readonly { readonly id: string; readonly position: number }[];
  readonly completedTasks: readonly string[];
}

/**
 * Values per statement. PostgreSQL takes 65,535 at most, MariaDB turns a list of 1,000 or more into a table that it joins by reading the
 * other one whole, and each statement has to end within the timeout.
 */
const BATCH_SIZE = 500;

/**
 * Deletes what is stored about a tenant or user beside the log, and appends an entry that names the pseudonyms alone. The log keeps its
 * commitments, which reveal nothing without salt and data.
 */
export async function erase(
  database: Database,
  input: DataSubject,
  write: Pick<Write, 'actor' | 'reason' | 'id'>,
): Promise<RecordedEntry> {
  const subject = readSubject(database, input);
  const { id, actor, reason } = readWrite({ actor: write.actor, reason: write.reason, id: write.id });
  const { tenant, user } = subject;
  if (user === undefined) requireNone(await itemsNaming(database, tenant), tenant);
  // Without the lock on the log, because there may be millions. The transaction deletes those that arrive meanwhile.
  await deleteEvents(
    database,
    `tenant_id = ?${user === undefined ? '' : ' and user_id = ?'}`,
    user === undefined ? [tenant] : [tenant, user],
  );
  const [entry] = await runPlanned(database, tenantLockKey(tenant), {
    read: (session) => findDataSubject(session, subject, id),
    plan: (current) => planErasure(database.sql, subject, { id, actor, reason }, current),
  });
  if (entry === undefined) throw new Error('no entry was appended');
  return entry;
}

/** @throws ReusedIdError */
function planErasure(
  sql: SqlDialect,
  subject: DataSubject,
  { id, actor, reason }: { readonly id: string; readonly actor: string; readonly reason: string },
  { applied, pseudonyms: rows, authored, completedTasks }: StoredData,
): Plan {
  if (applied !== undefined) {
    const { kind, what, who, ...entry } = applied;
    const isSame = kind === 'erase' && isSameErasure(what, subject, rows) && isSameAuthor(who, { actor, reason });
    if (!isSame) throw new ReusedIdError(entry);
    return { skip: [entry] };
  }
  const pseudonyms = rows.map(({ pseudonym }) => pseudonym);
  const scope = subject.user === undefined ? 'tenant' : 'user';
  const what = { erased: { scope, pseudonyms, made: authored.map(({ position }) => position) } };
  return {
    entries: [{ id, actor, reason, what, kind: 'erase', subject: pseudonyms[0] ?? '' }],
    batches: [
      ...inBatches(authored).map(deleteAuthors),
      ...inBatches(completedTasks).map((ids) => deleteIn('rampart_task', 'id', ids)),
      ...inBatches(rows).flatMap((batch) => deleteEntriesAbout(subject.tenant, batch)),
    ],
    writes: stateWrites(sql, subject),
    erased: new Set(pseudonyms),
  };
}

async function findDataSubject(session: Session, { tenant, user }: DataSubject, id: string): Promise<StoredData> {
  const [head, pseudonyms, authored] = await Promise.all([
    session.rows<AppliedRow>(
      `select h.epoch, l.position as applied, l.kind,
          (select d.data from rampart_detail d where d.id = l.id and d.part = 'what') as what,
          (select d.data from rampart_detail d where d.id = l.id and d.part = 'who') as who
        from rampart_head h left join rampart_log l on l.id = ? where h.id = 1`,
      [id],
    ),
    session.rows<Pseudonym>(
      `select pseudonym, user_id from rampart_subject where tenant_id = ?${user === undefined ? '' : ' and user_id = ?'}
        order by user_id`,
      user === undefined ? [tenant] : [tenant, user],
    ),
    user === undefined ? [] : entriesAuthoredBy(session, tenant, user),
  ]);
  const completedTasks: string[] = [];
  for (const batch of inBatches(pseudonyms)) completedTasks.push(...(await completedTasksAbout(session, batch)));
  const [row] = head;
  const stored = { pseudonyms, authored, completedTasks };
  if (row === undefined || row.applied === null) return { applied: undefined, ...stored };
  const { epoch, applied: position, kind, what, who } = row;
  return { applied: { ...toRecordedEntry(epoch, position, id), kind: kind ?? '', what, who }, ...stored };
}

interface AppliedRow {
  readonly epoch: string;
  readonly applied: number | null;
  readonly kind: string | null;
  readonly what: string | null;
  readonly who: string | null;
}

/** Whether an erasure has this scope, and named everything that is stored of the subject. */
function isSameErasure(what: string | null, { user }: DataSubject, rows: readonly Pseudonym[]): boolean {
  if (what === null) return rows.length === 0;
  const { erased } = JSON.parse(what) as { readonly erased: { readonly scope: string; readonly pseudonyms: string[] } };
  const scope = user === undefined ? 'tenant' : 'user';
  return erased.scope === scope && rows.every(({ pseudonym }) => erased.pseudonyms.includes(pseudonym));
}

function entriesAuthoredBy(session: Session, tenant: string, actor: string): Promise<StoredData['authored']> {
  return session.rows(
    `select l.id, l.position from rampart_detail d
      join rampart_subject s on s.pseudonym = d.subject
      join rampart_log l on l.id = d.id
      where d.part = 'who' and d.actor = ? and s.tenant_id = ? order by l.position`,
    [actor, tenant],
  );
}

function inBatches<T>(all: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(all.length / BATCH_SIZE);
  return Array.from({ length: count }, (_, index) => all.slice(index * BATCH_SIZE, (index + 1) * BATCH_SIZE));
}

function deleteIn(table: string, column: string, values: readonly string[]): Statement {
  return { text: `delete from ${table} where ${column} in (${placeholders(values)})`, values };
}

function deleteAuthors(authored: StoredData['authored']): Statement {
  const ids = authored.map(({ id }) => id);
  return { text: `delete from rampart_detail where part = 'who' and id in (${placeholders(ids)})`, values: ids };
}

/** The partial index on subjects leaves out the empty one; the condition says so, or the planner doesn't use it. */
const aboutSubjects = (pseudonyms: readonly string[]): string =>
  `subject <> '' and subject in (${placeholders(pseudonyms)})`;

// Looks tasks up row by row: a join may read a whole table for each batch.
async function completedTasksAbout(session: Session, batch: readonly Pseudonym[]): Promise<readonly string[]> {
  const pseudonyms = batch.map(({ pseudonym }) => pseudonym);
  const rows = await session.rows<{ id: string; done_at: number | null }>(
    `select d.id, (select t.done_at from rampart_task t where t.id = d.id) as done_at
      from rampart_detail d where ${aboutSubjects(pseudonyms)}`,
    pseudonyms,
  );
  return [...new Set(rows.flatMap(({ id, done_at: doneAt }) => (doneAt === null ? [] : [id])))];
}

function deleteEntriesAbout(tenant: string, batch: readonly Pseudonym[]): readonly Statement[] {
  const pseudonyms = batch.map(({ pseudonym }) => pseudonym);
  return [
    { text: `delete from rampart_detail where ${aboutSubjects(pseudonyms)}`, values: pseudonyms },
    {
      // A range, since a list would be compared with every user of the tenant. Both follow the order of the database.
      text: 'delete from rampart_user_choice where tenant_id = ? and user_id between ? and ?',
      values: [tenant, batch[0]?.user_id, batch.at(-1)?.user_id],
    },
    deleteIn('rampart_subject', 'pseudonym', pseudonyms),
  ];
}

const TENANT_TABLES = [
  'rampart_consent_terms',
  'rampart_user_choice',
  'rampart_preference',
  'rampart_override',
  'rampart_event',
];

function stateWrites(sql: SqlDialect, { tenant, user }: DataSubject): readonly Statement[] {
  const consents = `tenant_ai_consents where tenant_id = ${sql.consentTenant}`;
  if (user === undefined) {
    return [
      ...TENANT_TABLES.map((table) => ({ text: `delete from ${table} where tenant_id = ?`, values: [tenant] })),
      { text: `delete from ${consents}`, values: [tenant] },
    ];
  }
  const actor: Statement = {
    text: `update ${consents.replace(' where', ' set actor_user_id = null where')} and ${sql.text('actor_user_id')} = ?`,
    values: [tenant, user],
  };
  return [
    { text: 'delete from rampart_user_choice where tenant_id = ? and user_id = ?', values: [tenant, user] },
    { text: 'delete from rampart_event where tenant_id = ? and user_id = ?', values: [tenant, user] },
    actor,
  ];
}
