import { readId } from '@rampart/core';
import {
  type ExposurePage,
  type ExposureQuery,
  MAX_EXPOSURES_PER_PAGE,
  type SubjectExposures,
} from '../api/exposure.js';
import type { Database } from '../database/database.js';
import type { Session, Statement } from '../database/sql-dialect.js';
import { requireInteger } from '../log/read-log.js';
import { requireTenantAndUser } from '../state/subject.js';
import { readEventCursor } from './read-events.js';

interface GroupRow {
  readonly tenant_id: string | null;
  readonly user_id: string | null;
  readonly variant: string | null;
  readonly first_at: number;
  readonly last_at: number;
  readonly exposures: number;
}

interface EventKey {
  readonly happened_at: number;
  readonly id: string;
}

/** Maximum number of names from {@link exposedChanges}. MySQL ends a recursion after 1000 steps. */
const MAX_CHANGES = 500;

/**
 * Subjects with exposures to a change, one page per call. A page reads one range of up to `limit` exposures from the index over change and
 * time, and filters and groups it in the database.
 */
export async function readExposures(database: Database, query: ExposureQuery): Promise<ExposurePage> {
  const { limit = MAX_EXPOSURES_PER_PAGE } = query;
  checkQuery(database, query, limit);
  const from = startOfRange(query);
  return database.session(async (session) => {
    const last = await lastExposureOfPage(session, from, limit);
    const range = last === undefined ? from : endOfRange(from, last);
    const rows = await session.rows<GroupRow>(...groupQuery(range, query));
    return { subjects: rows.map(toSubjectExposures), ...(last && { next: `${last.happened_at}.${last.id}` }) };
  });
}

/** Changes with measurements, ascending by name, by one index lookup each; up to 500. */
export async function exposedChanges(database: Database): Promise<readonly string[]> {
  const rows = await database.session((session) =>
    session.rows<{ name: string }>(
      `with recursive names (name, number) as (
        select min(change_flag), 1 from rampart_event
        union all
        select (select min(e.change_flag) from rampart_event e where e.change_flag > names.name), names.number + 1
          from names where names.name is not null and names.number < ${MAX_CHANGES}
      ) select name from names where name is not null order by number`,
    ),
  );
  return rows.map(({ name }) => name);
}

function checkQuery({ sql }: Database, query: ExposureQuery, limit: number): void {
  const { change, variant, from, to } = query;
  readId('change', change);
  if (variant !== undefined) readId('variant', variant);
  requireTenantAndUser(sql, query);
  for (const [field, value] of Object.entries({ from, to })) if (value !== undefined) requireInteger(field, value, 0);
  requireInteger('limit', limit, 1, MAX_EXPOSURES_PER_PAGE);
}

/** Condition for the exposures of this page and later ones. Exposures of the same time are ordered by id. */
function startOfRange({ change, from, to, after }: ExposureQuery): Statement {
  const cursor = readEventCursor(after);
  const parts: readonly (readonly [text: string, values: readonly unknown[]])[] = [
    ["name = 'exposure' and change_flag = ?", [change]],
    ...(from === undefined ? [] : [['happened_at >= ?', [from]] as const]),
    ...(to === undefined ? [] : [['happened_at < ?', [to]] as const]),
    ...(cursor === undefined
      ? []
      : [['happened_at >= ? and (happened_at > ? or id > ?)', [cursor.at, cursor.at, cursor.id]] as const]),
  ];
  return { text: parts.map(([text]) => text).join(' and '), values: parts.flatMap(([, values]) => values) };
}

function endOfRange({ text, values }: Statement, { happened_at: at, id }: EventKey): Statement {
  return { text: `${text} and happened_at <= ? and (happened_at < ? or id <= ?)`, values: [...values, at, at, id] };
}

/** The last exposure of the page; undefined for the last page. */
async function lastExposureOfPage(
  session: Session,
  { text, values }: Statement,
  limit: number,
): Promise<EventKey | undefined> {
  const [last, following] = await session.rows<EventKey>(
    `select happened_at, id from rampart_event where ${text} order by happened_at, id limit 2 offset ${limit - 1}`,
    values,
  );
  return following === undefined ? undefined : last;
}

function groupQuery(
  { text, values }: Statement,
  { variant, tenant, user }: ExposureQuery,
): [string, readonly unknown[]] {
  const filters = Object.entries({ variant, tenant_id: tenant, user_id: user }).filter(
    ([, value]) => value !== undefined,
  );
  const conditions = [text, ...filters.map(([column]) => `${column} = ?`)].join(' and ');
  return [
    `select tenant_id, user_id, variant, min(happened_at) as first_at, max(happened_at) as last_at, count(*) as exposures
      from rampart_event where ${conditions}
      group by tenant_id, user_id, variant order by first_at, tenant_id, user_id, variant`,
    [...values, ...filters.map(([, value]) => value)],
  ];
}

function toSubjectExposures(row: GroupRow): SubjectExposures {
  const { tenant_id: tenant, user_id: user, variant, first_at: first, last_at: last, exposures: count } = row;
  return {
    ...(tenant !== null && { tenant }),
    ...(user !== null && { user }),
    ...(variant !== null && { variant }),
    first,
    last,
    count,
  };
}
