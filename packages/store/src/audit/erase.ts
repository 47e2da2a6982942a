import { ReusedIdError } from '../api/conflict-error.js';
import type { DataSubject, Write } from '../api/control-store.js';
import type { RecordedEntry } from '../api/recorded-entry.js';
import type { Database } from '../database/database.js';
import { placeholders, type Session, type Statement } from '../database/sql-dialect.js';
import { deleteEvents } from '../events/delete-events.js';
import { append, toRecordedEntry } from '../log/append.js';
import { isSameAuthor, readWrite, tenantLockKey } from '../state/apply.js';
import { itemsNaming, readSubject, requireNone } from './export-data.js';

/** What stands for somebody in the log. */
interface Pseudonym {
  readonly pseudonym: string;
  /** Empty for the tenant itself. */
  readonly user_id: string;
}

/** The entry that has the id of the write already. */
interface AppliedErasure extends RecordedEntry {
  readonly kind: string;
  readonly what: string | null;
  readonly who: string | null;
}

interface Seen {
  readonly applied: AppliedErasure | undefined;
  /** Of the tenant and its users, or of the one user. */
  readonly aliases: readonly Pseudonym[];
  /** Entries that a user to be erased made about others of the tenant. */
  readonly made: readonly { readonly id: string; readonly position: number }[];
}

/**
 * How many a statement names. PostgreSQL takes 65,535 values; from 1,000 on MariaDB makes a table of a list, and reads the
 * other one whole to join them; and each statement has to end within the timeout, however many users a tenant has.
 */
const BATCH_SIZE = 500;

/**
 * Deletes what is stored about a tenant or user beside the log, and appends what was erased by pseudonym alone. The log
 * keeps its commitments, which without salt and data tell nothing.
 */
export async function erase(
  database: Database,
  given: DataSubject,
  write: Pick<Write, 'actor' | 'reason' | 'id'>,
): Promise<RecordedEntry> {
  const subject = readSubject(database, given);
  const { id, actor, reason } = readWrite({ actor: write.actor, reason: write.reason, id: write.id });
  const { tenant, user } = subject;
  if (user === undefined) requireNone(await itemsNaming(database, tenant), tenant);
  // Before the log is locked; what arrives meanwhile goes with the rest.
  await deleteEvents(
    database,
    `tenant_id = ?${user === undefined ? '' : ' and user_id = ?'}`,
    user === undefined ? [tenant] : [tenant, user],
  );
  return database.transaction(tenantLockKey(tenant), {
    read: (session) => findDataSubject(session, subject, id),
    async write(session, { applied, aliases, made }) {
      if (applied !== undefined) {
        await session.rows('rollback');
        const { kind, what, who, ...entry } = applied;
        const isSame =
          kind === 'erase' && isSameErasure(what, subject, aliases) && isSameAuthor(who, { actor, reason });
        if (!isSame) throw new ReusedIdError(entry);
        return entry;
      }
      const pseudonyms = aliases.map(({ pseudonym }) => pseudonym);
      const scope = user === undefined ? 'tenant' : 'user';
      const what = { erased: { scope, pseudonyms, made: made.map(({ position }) => position) } };
      const draft = { id, actor, reason, what, kind: 'erase', subject: pseudonyms[0] ?? '' };
      // Ahead of the lock on the head, which is held the shorter. Exactly those that the entry will name.
      for (const some of inBatches(made)) await deleteAuthor(session, some);
      for (const some of inBatches(aliases)) await deleteEntriesAbout(session, tenant, some);
      const appender = { ...database, erased: new Set(pseudonyms) };
      const [entry] = await append(appender, session, [draft], stateWrites(database, subject));
      if (entry === undefined) throw new Error('nothing was appended');
      return entry;
    },
  });
}

async function findDataSubject(session: Session, { tenant, user }: DataSubject, id: string): Promise<Seen> {
  const [head, aliases, made] = await Promise.all([
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
  const [row] = head;
  if (row === undefined || row.applied === null) return { applied: undefined, aliases, made };
  const { epoch, applied: position, kind, what, who } = row;
  return { applied: { ...toRecordedEntry(epoch, position, id), kind: kind ?? '', what, who }, aliases, made };
}

interface AppliedRow {
  readonly epoch: string;
  readonly applied: number | null;
  readonly kind: string | null;
  readonly what: string | null;
  readonly who: string | null;
}

/** Whether an erasure has this scope, and nothing of the subject is left that it did not name. */
function isSameErasure(what: string | null, { user }: DataSubject, aliases: readonly Pseudonym[]): boolean {
  if (what === null) return aliases.length === 0;
  const { erased } = JSON.parse(what) as { readonly erased: { readonly scope: string; readonly pseudonyms: string[] } };
  const scope = user === undefined ? 'tenant' : 'user';
  return erased.scope === scope && aliases.every(({ pseudonym }) => erased.pseudonyms.includes(pseudonym));
}

function entriesAuthoredBy(session: Session, tenant: string, actor: string): Promise<Seen['made']> {
  return session.rows(
    `select l.id, l.position from rampart_detail d
      join rampart_subject s on s.pseudonym = d.subject
      join rampart_log l on l.id = d.id
      where d.part = 'who' and d.actor = ? and s.tenant_id = ? order by l.position`,
    [actor, tenant],
  );
}

function* inBatches<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += BATCH_SIZE) yield all.slice(at, at + BATCH_SIZE);
}

async function deleteAuthor(session: Session, made: Seen['made']): Promise<void> {
  const ids = made.map(({ id }) => id);
  await session.execute(`delete from rampart_detail where part = 'who' and id in (${placeholders(ids)})`, ids);
}

async function deleteEntriesAbout(session: Session, tenant: string, aliases: readonly Pseudonym[]): Promise<void> {
  const pseudonyms = aliases.map(({ pseudonym }) => pseudonym);
  // The index on subjects leaves out the empty one, which is said lest the plan do without it.
  const about = `subject <> '' and subject in (${placeholders(pseudonyms)})`;
  // One by one, and by the subject alone: a plan that joins, or goes by the part, may read a whole table for each batch.
  const entries = await session.rows<{ id: string; done_at: number | null }>(
    `select d.id, (select t.done_at from rampart_task t where t.id = d.id) as done_at
      from rampart_detail d where ${about}`,
    pseudonyms,
  );
  const done = [...new Set(entries.flatMap(({ id, done_at: at }) => (at === null ? [] : [id])))];
  for (const some of inBatches(done)) {
    await session.execute(`delete from rampart_task where id in (${placeholders(some)})`, some);
  }
  await session.execute(`delete from rampart_detail where ${about}`, pseudonyms);
  // They are in the database's own order. A list of users would be compared with every user of the tenant.
  await session.execute('delete from rampart_user_choice where tenant_id = ? and user_id between ? and ?', [
    tenant,
    aliases[0]?.user_id,
    aliases.at(-1)?.user_id,
  ]);
  await session.execute(`delete from rampart_subject where pseudonym in (${placeholders(pseudonyms)})`, pseudonyms);
}

const TENANT_TABLES = [
  'rampart_consent_terms',
  'rampart_user_choice',
  'rampart_preference',
  'rampart_override',
  'rampart_event',
];

function stateWrites({ sql }: Database, { tenant, user }: DataSubject): readonly Statement[] {
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
