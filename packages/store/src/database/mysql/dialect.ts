import { createHash } from 'node:crypto';
import { insertRows, LOG_COLUMNS, type LockedHead, logValues, type Sql } from '../sql-dialect.js';

const LOCK_BUCKETS = 256;
const NOW = "timestampdiff(microsecond, '1970-01-01', utc_timestamp(6)) div 1000";

/** MySQL and MariaDB. */
export const MYSQL: Sql = {
  family: 'mysql',
  now: NOW,
  isReplica: '@@global.read_only',
  // A comparison with text converts both to floating point, which makes neighbouring numbers equal.
  consentTenant: 'cast(? as unsigned)',
  numberOf: (column) => `cast(${column} as unsigned)`,
  text: (expression) => `convert(cast(${expression} as char) using utf8mb4) collate utf8mb4_bin`,
  jsonArray: (expression) => `json_arrayagg(${expression})`,
  consentClass: (column) => `lower(trim(convert(${column} using utf8mb4))) collate utf8mb4_bin`,
  // MySQL doesn't use an index for a comparison of row values.
  keysetCondition(key) {
    const parts = key.map((last, index) => {
      const same = key.slice(0, index).map(({ column, placeholder }) => `${column} = ${placeholder}`);
      return `(${[...same, `${last.column} > ${last.placeholder}`].join(' and ')})`;
    });
    const values = key.flatMap((_, index) => key.slice(0, index + 1).map(({ value }) => value));
    return { text: `(${parts.join(' or ')})`, values };
  },
  upsert(table, keys, values) {
    const columns = [...keys, ...values];
    const updates = values.map((column) => `${column} = values(${column})`).join(', ');
    return `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})
      on duplicate key update ${updates}`;
  },
  async beginLocked(session, lockKey, read) {
    const bucket = createHash('sha256').update(lockKey).digest().readUInt32BE(0) % LOCK_BUCKETS;
    await session.rows('begin');
    await session.rows('select bucket from rampart_turn where bucket = ? for update', [bucket]);
    return read();
  },
  async lockHead(session, writes) {
    for (const { text, values } of writes) await session.execute(text, values);
    const [head] = await session.rows<LockedHead>(
      `select epoch, position, sealed, mac, key_check, ${NOW} as now from rampart_head where id = 1 for update`,
    );
    if (head === undefined) throw new Error('rampart_head has no row');
    return head;
  },
  async appendAndCommit(session, rows) {
    const last = rows.at(-1);
    if (last === undefined) throw new Error('nothing to append');
    const { text, values } = insertRows('rampart_log', LOG_COLUMNS, rows.map(logValues));
    await session.execute(text, values);
    const moved = 'update rampart_head set position = ?, sealed = ?, mac = ? where id = 1';
    await session.execute(moved, [last.position, last.position, last.mac]);
    await session.commit();
  },
};
