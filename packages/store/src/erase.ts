import { append, appliedOf } from './append.js';
import { readWrite, turnOfTenant } from './apply.js';
import type { Applied, DataSubject, Write } from './control-store.js';
import type { Database } from './database.js';
import { deleteEvents } from './delete-events.js';
import { itemsNaming, readSubject, requireNone } from './export-data.js';
import type { Session, Statement } from './sql.js';

interface Seen {
  readonly applied: Applied | undefined;
  /** What stands for them in the log: the tenant and its users, or the one user. */
  readonly pseudonyms: readonly string[];
  /** Entries that a user to be erased made about others of the tenant. */
  readonly made: readonly { readonly id: string; readonly position: number }[];
}

/**
 * Deletes what is stored about a tenant or user beside the log, and appends what was erased by pseudonym alone. The log
 * keeps its commitments, which without salt and data tell nothing.
 */
export async function erase(
  database: Database,
  given: DataSubject,
  write: Pick<Write, 'actor' | 'reason' | 'id'>,
): Promise<Applied> {
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
  return database.transaction(turnOfTenant(tenant), {
    look: (session) => lookFor(session, subject, id),
    async work(session, { applied, pseudonyms, made }) {
      if (applied !== undefined) {
        await session.rows('rollback');
        return applied;
      }
      const scope = user === undefined ? 'tenant' : 'user';
      const what = { erased: { scope, pseudonyms, made: made.map(({ position }) => position) } };
      const draft = { id, actor, reason, what, kind: 'erase', subject: pseudonyms[0] ?? '' };
      const writes = [...detailWrites(pseudonyms, made), ...stateWrites(database, subject)];
      const [entry] = await append(database, session, [draft], writes);
      if (entry === undefined) throw new Error('nothing was appended');
      return entry;
    },
  });
}

async function lookFor(session: Session, { tenant, user }: DataSubject, id: string): Promise<Seen> {
  const [head, names] = await Promise.all([
    session.rows<{ epoch: string; applied: number | null }>(
      'select h.epoch, l.position as applied from rampart_head h left join rampart_log l on l.id = ? where h.id = 1',
      [id],
    ),
    session.rows<{ pseudonym: string; user_id: string }>(
      'select pseudonym, user_id from rampart_subject where tenant_id = ? order by user_id',
      [tenant],
    ),
  ]);
  const { epoch = '', applied = null } = head[0] ?? {};
  const theirs = names.filter((name) => user === undefined || name.user_id === user);
  const made =
    user === undefined
      ? []
      : await entriesMade(
          session,
          user,
          names.map(({ pseudonym }) => pseudonym),
        );
  return {
    applied: applied === null ? undefined : appliedOf(epoch, applied, id),
    pseudonyms: theirs.map(({ pseudonym }) => pseudonym),
    made,
  };
}

async function entriesMade(session: Session, actor: string, subjects: readonly string[]): Promise<Seen['made']> {
  if (subjects.length === 0) return [];
  return session.rows(
    `select l.id, l.position from rampart_detail d join rampart_log l on l.id = d.id
      where d.part = 'who' and d.actor = ? and d.subject in (${subjects.map(() => '?').join(', ')}) order by l.position`,
    [actor, ...subjects],
  );
}

function detailWrites(pseudonyms: readonly string[], made: Seen['made']): readonly Statement[] {
  return [
    ...deleteIn(
      'rampart_task',
      'done_at is not null and id in (select id from rampart_detail where subject',
      pseudonyms,
      ')',
    ),
    ...deleteIn(
      'rampart_detail',
      "part = 'who' and id",
      made.map(({ id }) => id),
    ),
    ...deleteIn('rampart_detail', 'subject', pseudonyms),
    ...deleteIn('rampart_subject', 'pseudonym', pseudonyms),
  ];
}

function deleteIn(table: string, condition: string, values: readonly string[], end = ''): readonly Statement[] {
  if (values.length === 0) return [];
  return [{ text: `delete from ${table} where ${condition} in (${values.map(() => '?').join(', ')})${end}`, values }];
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
