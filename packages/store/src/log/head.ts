import type { SignedHead } from '../api/verification.js';
import type { Database } from '../database/database.js';
import { readHeadRow } from './head-row.js';
import { signPendingEntries } from './pending-entries.js';

/** The signed end of the log. */
export async function head(database: Database): Promise<SignedHead> {
  await signPending(database);
  const row = await database.session((session) => readHeadRow(database, session));
  const { epoch, sealed: position, mac, now: at } = row;
  return database.chains.require(row.key_check).sign({ epoch, position, mac, at });
}

/**
 * Signs the entries that legacy SQL code wrote since the last write of the store.
 *
 * @returns the number of signed entries
 */
export async function signPending({ sql, chains, ...database }: Database): Promise<number> {
  if (sql.family !== 'mysql') return 0;
  const { position: end, sealed } = await database.session((session) => readHeadRow({ sql }, session));
  if (end === sealed) return 0;
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
