import type { SignedHead } from '../api/verification.js';
import type { Database } from '../database/database.js';
import type { LockedHead } from '../database/sql-dialect.js';
import { signPendingEntries } from './pending-entries.js';

/** The signed end of the log. */
export async function head(database: Database): Promise<SignedHead> {
  await signPending(database);
  const { sql, chains } = database;
  const rows = await database.session((session) =>
    session.rows<LockedHead>(
      `select epoch, sealed as position, sealed, mac, key_check, ${sql.now} as now from rampart_head where id = 1`,
    ),
  );
  const [row] = rows;
  if (row === undefined) throw new Error('rampart_head has no row');
  return chains.require(row.key_check).sign({ epoch: row.epoch, position: row.position, mac: row.mac, at: row.now });
}

/**
 * Signs the entries that legacy SQL code wrote since the last write of the store.
 *
 * @returns the number of signed entries
 */
export async function signPending({ sql, chains, ...database }: Database): Promise<number> {
  if (sql.family !== 'mysql') return 0;
  const [pending] = await database.session((session) =>
    session.rows<{ count: number }>('select position - sealed as count from rampart_head where id = 1'),
  );
  if (pending === undefined || pending.count === 0) return 0;
  return database.transaction('seal', {
    read: () => Promise.resolve(),
    async write(session) {
      const locked = await sql.lockHead(session, []);
      const { position, mac, count } = await signPendingEntries({ sql, chains }, session, locked);
      await session.execute('update rampart_head set sealed = ?, mac = ? where id = 1', [position, mac]);
      return { append: [], commit: count };
    },
  });
}
