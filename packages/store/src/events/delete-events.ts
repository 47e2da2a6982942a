import { readId } from '@rampart/core';
import type { DropQuery } from '../api/measurement.js';
import { type Database, repeated } from '../database/database.js';
import { marks, type Session } from '../database/sql-dialect.js';
import { requireWhole } from '../log/read-log.js';

/** How many measurements one statement deletes: there may be millions, and each has to end within the timeout. */
const AT_ONCE = 2_000;

/** Deletes the measurements for which a condition holds, not all at once; resolves to how many. */
export async function deleteEvents(
  database: Database,
  condition: string,
  values: readonly unknown[] = [],
): Promise<number> {
  let deleted = 0;
  for (;;) {
    const found = await repeated(() => database.session((session) => deleteSome(session, condition, values)));
    deleted += found;
    if (found < AT_ONCE) return deleted;
  }
}

// Several processes that delete the same mostly wait for each other in one order; where not, one of them tries again.
async function deleteSome(session: Session, condition: string, values: readonly unknown[]): Promise<number> {
  const rows = await session.rows<{ id: string }>(
    `select id from rampart_event where ${condition} limit ${AT_ONCE}`,
    values,
  );
  const ids = rows.map(({ id }) => id).sort();
  if (ids.length > 0) await session.change(`delete from rampart_event where id in (${marks(ids)})`, ids);
  return ids.length;
}

/** Deletes what happened longer ago than so many ms, by the database's clock. */
export async function dropEvents(database: Database, { age, except = [] }: DropQuery): Promise<number> {
  requireWhole('age', age, 0);
  for (const name of except) readId('except', name);
  const others = except.length === 0 ? '' : ` and name not in (${marks(except)})`;
  return deleteEvents(database, `happened_at < ${database.sql.now} - ${age}${others}`, except);
}
