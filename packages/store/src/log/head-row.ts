import type { LogPosition } from '@rampart/core';
import type { Database } from '../database/database.js';
import type { LockedHead, Session } from '../database/sql-dialect.js';

/** The head row without a lock. */
export async function readHeadRow({ sql }: Pick<Database, 'sql'>, session: Session): Promise<LockedHead> {
  const [head] = await session.rows<LockedHead>(
    `select epoch, position, sealed, mac, key_check, ${sql.now} as now from rampart_head where id = 1`,
  );
  if (head === undefined) throw new Error('rampart_head has no row');
  return head;
}

/** The position of the last entry. */
export async function readLogEnd(database: Pick<Database, 'sql'>, session: Session): Promise<LogPosition> {
  const { epoch, position } = await readHeadRow(database, session);
  return { epoch, position };
}
