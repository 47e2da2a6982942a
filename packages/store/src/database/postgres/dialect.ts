import { createHash } from 'node:crypto';
import { insertRows, LOG_COLUMNS, type LockedHead, logValues, type Sql, type Statement } from '../sql-dialect.js';

/** Namespace of the store's advisory locks. */
const LOCK_SPACE = 0x52_41_4d_50;
const NOW = 'floor(extract(epoch from clock_timestamp()) * 1000)::bigint';

/** PostgreSQL and PGlite. */
export const POSTGRES: Sql = {
  family: 'postgres',
  now: NOW,
  // True on a replica, and on a primary that is fenced by `default_transaction_read_only`.
  isReplica: "current_setting('transaction_read_only')::boolean::int",
  consentTenant: '?',
  numberOf: (column) => column,
  text: (expression) => `(${expression})::text`,
  jsonArray: (expression) => `json_agg(${expression})`,
  consentClass: (column) => column,
  keysetCondition: (key) => ({
    text: `(${key.map(({ column }) => column).join(', ')}) > (${key.map(({ placeholder }) => placeholder).join(', ')})`,
    values: key.map(({ value }) => value),
  }),
  upsert(table, keys, values) {
    const columns = [...keys, ...values];
    const updates = values.map((column) => `${column} = excluded.${column}`).join(', ');
    return `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})
      on conflict (${keys.join(', ')}) do update set ${updates}`;
  },
  async beginLocked(session, lockKey, read) {
    const key = createHash('sha256').update(lockKey).digest().readInt32BE(0);
    // Sent together and executed in order: a statement sees the data at its start, so an earlier statement takes the lock.
    const begun = session.rows(`begin; select pg_advisory_xact_lock(${LOCK_SPACE}, ${key})`);
    const [, result] = await Promise.all([begun, read()]);
    return result;
  },
  async lockHead(session, writes) {
    const { text, values } = lockHeadStatement(writes);
    const [head] = await session.rows<LockedHead>(text, values);
    if (head === undefined) throw new Error('rampart_head has no row');
    return head;
  },
  async appendAndCommit(session, rows) {
    const last = rows.at(-1);
    if (last === undefined) throw new Error('nothing to append');
    const added = insertRows('rampart_log', LOG_COLUMNS, rows.map(logValues));
    // Sent together, which saves a round trip under the lock on the head.
    const [moved, committed] = await Promise.allSettled([
      session.rows(
        `with added as (${added.text})
          update rampart_head set position = ?::bigint, sealed = ?::bigint, mac = ? where id = 1`,
        [...added.values, last.position, last.position, last.mac],
      ),
      session.commit(),
    ]);
    // After a failed update the server answers the commit with a rollback. Without an answer the commit reports it.
    if (committed.status === 'rejected') throw committed.reason;
    if (moved.status === 'rejected') throw moved.reason;
  },
};

// The counts make PostgreSQL finish the writes before it locks the row, which shortens the lock.
function lockHeadStatement(writes: readonly Statement[]): Statement {
  const parts = writes.map(({ text }, index) => `w${index} as (${text} returning 1)`);
  const counts = writes.map((_, index) => ` and (select count(*) from w${index}) >= 0`);
  return {
    text: `${parts.length > 0 ? `with ${parts.join(', ')}` : ''}
      select epoch, position, sealed, mac, key_check, ${NOW} as now from rampart_head where id = 1${counts.join('')} for update`,
    values: writes.flatMap(({ values }) => values),
  };
}

const statementCache = new Map<string, string>();
const MAX_CACHED_STATEMENTS = 500;

/** Replaces each `?` by `$1`, `$2` … */
export function toNumberedPlaceholders(text: string): string {
  const cached = statementCache.get(text);
  if (cached !== undefined) return cached;
  let count = 0;
  const numbered = text.replace(/\?/g, () => `$${++count}`);
  if (statementCache.size < MAX_CACHED_STATEMENTS) statementCache.set(text, numbered);
  return numbered;
}
