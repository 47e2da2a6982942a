import { readId } from '@rampart/core';
import type { ExpiredEventQuery } from '../api/measurement.js';
import { type Database, retryOnConflict } from '../database/database.js';
import { placeholders, type Session } from '../database/sql-dialect.js';
import { requireInteger } from '../validate.js';

/** Measurements per statement: there may be millions, and each statement must end within the timeout. */
const BATCH_SIZE = 2_000;

/** Deletes the measurements that match a condition in batches, and returns their number. */
export async function deleteEvents(
  database: Database,
  condition: string,
  values: readonly unknown[] = [],
): Promise<number> {
  let deleted = 0;
  for (;;) {
    const count = await retryOnConflict(() => database.session((session) => deleteBatch(session, condition, values)));
    deleted += count;
    if (count < BATCH_SIZE) return deleted;
  }
}

// The order of ids makes concurrent deletes wait instead of deadlock; a remaining deadlock is retried.
async function deleteBatch(session: Session, condition: string, values: readonly unknown[]): Promise<number> {
  const rows = await session.rows<{ id: string }>(
    `select id from rampart_event where ${condition} limit ${BATCH_SIZE}`,
    values,
  );
  const ids = rows.map(({ id }) => id).sort();
  if (ids.length > 0) await session.execute(`delete from rampart_event where id in (${placeholders(ids)})`, ids);
  return ids.length;
}

/** Deletes measurements of a minimum age, by the database's clock. */
export async function deleteExpiredEvents(
  database: Database,
  { olderThanMs, exceptNames = [] }: ExpiredEventQuery,
): Promise<number> {
  requireInteger('olderThanMs', olderThanMs, 0);
  for (const name of exceptNames) readId('exceptNames', name);
  const others = exceptNames.length === 0 ? '' : ` and name not in (${placeholders(exceptNames)})`;
  return deleteEvents(database, `happened_at < ${database.sql.now} - ${olderThanMs}${others}`, exceptNames);
}
