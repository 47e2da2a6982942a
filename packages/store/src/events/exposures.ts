import { readId } from '@rampart/core';
import type { InferResult } from 'kysely';
import {
  type ExposurePage,
  type ExposureQuery,
  MAX_EXPOSURES_PER_PAGE,
  type SubjectExposures,
} from '../api/exposure.js';
import type { Database } from '../database/database.js';
import { requireTenantAndUser } from '../state/subject.js';
import { requireInteger } from '../validate.js';
import { type EventCursor, isAfter, readEventCursor } from './read-events.js';

/** Maximum number of names from {@link exposedChanges}. MySQL ends a recursion after 1000 steps. */
const MAX_CHANGES = 500;

/**
 * Subjects with exposures to a change, one page per call. A page reads one range of up to `limit` exposures from the index over change and
 * time, and filters and groups it in the database.
 */
export async function readExposures(database: Database, query: ExposureQuery): Promise<ExposurePage> {
  const { limit = MAX_EXPOSURES_PER_PAGE } = query;
  checkQuery(database, query, limit);
  const exposures = exposuresFrom(database, query);
  return database.session(async (session) => {
    // Two rows at the end of the page: its last exposure, and the one that begins the next page.
    const [last, following] = await session.run(
      exposures
        .select(['happened_at', 'id'])
        .orderBy('happened_at')
        .orderBy('id')
        .limit(2)
        .offset(limit - 1),
    );
    const end = following === undefined ? undefined : last;
    const rows = await session.run(groupBySubject(end === undefined ? exposures : upTo(exposures, end), query));
    return { subjects: rows.map(toSubjectExposures), ...(end && { next: `${end.happened_at}.${end.id}` }) };
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

/** The exposures of this page and later ones. Exposures of the same time are ordered by id. */
function exposuresFrom({ kysely }: Database, { change, from, to, after }: ExposureQuery) {
  const cursor = readEventCursor(after);
  return kysely
    .selectFrom('rampart_event')
    .where('name', '=', 'exposure')
    .where('change_flag', '=', change)
    .$if(from !== undefined, (rows) => rows.where('happened_at', '>=', from ?? 0))
    .$if(to !== undefined, (rows) => rows.where('happened_at', '<', to ?? 0))
    .$if(cursor !== undefined, (rows) => rows.where((on) => isAfter(on, cursor as EventCursor)));
}

type Exposures = ReturnType<typeof exposuresFrom>;

function upTo(exposures: Exposures, { happened_at: at, id }: { readonly happened_at: number; readonly id: string }) {
  return exposures
    .where('happened_at', '<=', at)
    .where((on) => on.or([on('happened_at', '<', at), on('id', '<=', id)]));
}

function groupBySubject(exposures: Exposures, { variant, tenant, user }: ExposureQuery) {
  return exposures
    .$if(variant !== undefined, (rows) => rows.where('variant', '=', variant ?? ''))
    .$if(tenant !== undefined, (rows) => rows.where('tenant_id', '=', tenant ?? ''))
    .$if(user !== undefined, (rows) => rows.where('user_id', '=', user ?? ''))
    .select(['tenant_id', 'user_id', 'variant'])
    .select(({ fn }) => [
      fn.min('happened_at').as('first_at'),
      fn.max('happened_at').as('last_at'),
      fn.countAll<number>().as('exposures'),
    ])
    .groupBy(['tenant_id', 'user_id', 'variant'])
    .orderBy('first_at')
    .orderBy('tenant_id')
    .orderBy('user_id')
    .orderBy('variant');
}

type GroupRow = InferResult<ReturnType<typeof groupBySubject>>[number];

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
