import { createHash } from 'node:crypto';
import type { LockedHead, SealedRow, Session, Sql, Statement } from './sql.js';

/** Tells our advisory locks from other programs'. */
const LOCK_SPACE = 0x52_41_4d_50;
const NOW = '(extract(epoch from clock_timestamp()) * 1000)::bigint';

/** PostgreSQL and PGlite. */
export const POSTGRES: Sql = {
  family: 'postgres',
  now: NOW,
  isReplica: 'pg_is_in_recovery()::int',
  consentTenant: '?',
  numberOf: (column) => column,
  text: (expression) => `(${expression})::text`,
  consentClass: (column) => column,
  upsert(table, keys, values) {
    const columns = [...keys, ...values];
    const updates = values.map((column) => `${column} = excluded.${column}`).join(', ');
    return `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})
      on conflict (${keys.join(', ')}) do update set ${updates}`;
  },
  async begin(session, turn) {
    const key = createHash('sha256').update(turn).digest().readInt32BE(0);
    // Both in one message. The lock comes before the first look: a statement sees what was there when it began.
    await session.rows(`begin; set local synchronous_commit = on; select pg_advisory_xact_lock(${LOCK_SPACE}, ${key})`);
  },
  async lockHead(session, writes) {
    const { text, values } = lockStatement(writes);
    const [head] = await session.rows<LockedHead>(text, values);
    if (head === undefined) throw new Error('rampart_head has no row');
    return head;
  },
  async finish(session, rows) {
    const last = rows.at(-1);
    if (last === undefined) throw new Error('nothing to append');
    // One message, without values, so that the lock on the head is held for one round trip less.
    await session.rows(`insert into rampart_log (position, id, kind, subject, recorded_at, what, who, mac)
      values ${rows.map(literals).join(', ')};
      update rampart_head set position = ${last.position}, sealed = ${last.position}, mac = ${quoted(last.mac)} where id = 1;
      commit`);
  },
};

// The counts have to be known before the row is locked: so the writes are over by then, and the lock is held shorter.
function lockStatement(writes: readonly Statement[]): Statement {
  const parts = writes.map(({ text }, index) => `w${index} as (${text} returning 1)`);
  const counts = writes.map((_, index) => ` and (select count(*) from w${index}) >= 0`);
  return {
    text: `${parts.length > 0 ? `with ${parts.join(', ')}` : ''}
      select epoch, position, sealed, mac, ${NOW} as now from rampart_head where id = 1${counts.join('')} for update`,
    values: writes.flatMap(({ values }) => values),
  };
}

function literals({ position, id, kind, subject, recorded_at: at, what, who, mac }: SealedRow): string {
  return `(${position}, ${[id, kind, subject].map(quoted).join(', ')}, ${at}, ${[what, who, mac].map(quoted).join(', ')})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** `$1`, `$2` … for `?`. */
export function numbered(text: string): string {
  let count = 0;
  return text.replace(/\?/g, () => `$${++count}`);
}

/** A session whose statements have `?` where PostgreSQL wants numbers. */
export function numberedSession(session: Session): Session {
  return {
    rows: (text, values) => session.rows(known(text), values),
    change: (text, values) => session.change(known(text), values),
  };
}

const texts = new Map<string, string>();
const MOST_TEXTS = 500;

function known(text: string): string {
  const found = texts.get(text);
  if (found !== undefined) return found;
  const made = numbered(text);
  if (texts.size < MOST_TEXTS) texts.set(text, made);
  return made;
}
