import { ControlInputError, type JsonValue, readId } from '@rampart/core';
import type { Expression, ExpressionBuilder, InferResult, SqlBool } from 'kysely';
import type { EventPage, EventQuery, RecordedMeasurement } from '../api/measurement.js';
import type { Database } from '../database/database.js';
import type { Tables } from '../schema/tables.js';
import { requireTenantAndUser } from '../state/subject.js';
import { requireInteger } from '../validate.js';

const MAX_EVENTS_PER_PAGE = 1_000;

/** Measurements by the time they happened, one page per call. */
export async function readEvents(database: Database, query: EventQuery = {}): Promise<EventPage> {
  const { limit = MAX_EVENTS_PER_PAGE } = query;
  checkQuery(database, query, limit);
  const rows = await database.session((session) => session.run(pageQuery(database, query, limit)));
  const last = rows.at(-1);
  return {
    events: rows.map(toMeasurement),
    ...(rows.length === limit && last && { next: `${last.happened_at}.${last.id}` }),
  };
}

/** Every measurement about a tenant or a user. */
export async function eventsAbout(
  database: Database,
  query: Pick<EventQuery, 'tenant' | 'user'>,
): Promise<readonly RecordedMeasurement[]> {
  const events: RecordedMeasurement[] = [];
  let after: string | undefined;
  do {
    const page: EventPage = await readEvents(database, { ...query, after });
    events.push(...page.events);
    after = page.next;
  } while (after !== undefined);
  return events;
}

function pageQuery({ kysely }: Database, query: EventQuery, limit: number) {
  const { name, tenant, user, flag, from, to } = query;
  const after = readEventCursor(query.after);
  return kysely
    .selectFrom('rampart_event')
    .select(['id', 'name', 'happened_at', 'received_at', 'tenant_id', 'user_id', 'flag', 'change_flag', 'variant'])
    .select(['value', 'attributes', 'source'])
    .$if(name !== undefined, (rows) => rows.where('name', '=', name ?? ''))
    .$if(tenant !== undefined, (rows) => rows.where('tenant_id', '=', tenant ?? ''))
    .$if(user !== undefined, (rows) => rows.where('user_id', '=', user ?? ''))
    .$if(flag !== undefined, (rows) => rows.where('flag', '=', flag ?? ''))
    .$if(from !== undefined, (rows) => rows.where('happened_at', '>=', from ?? 0))
    .$if(to !== undefined, (rows) => rows.where('happened_at', '<', to ?? 0))
    .$if(after !== undefined, (rows) => rows.where((on) => isAfter(on, after as EventCursor)))
    .orderBy('happened_at')
    .orderBy('id')
    .limit(limit);
}

type EventRow = InferResult<ReturnType<typeof pageQuery>>[number];

/** A position in the order of measurements. */
export interface EventCursor {
  readonly at: number;
  readonly id: string;
}

/** Whether a measurement comes after the cursor; the first condition lets the database seek in an index. */
export function isAfter(on: ExpressionBuilder<Tables, 'rampart_event'>, { at, id }: EventCursor): Expression<SqlBool> {
  return on.and([on('happened_at', '>=', at), on.or([on('happened_at', '>', at), on('id', '>', id)])]);
}

/** @throws ControlInputError for a text that is no `next` of a page */
export function readEventCursor(after: string | undefined): EventCursor | undefined {
  if (after === undefined) return undefined;
  const [, at, id] = /^(\d{1,16})\.([\x21-\x7e]{1,64})$/.exec(after) ?? [];
  if (at === undefined || id === undefined) {
    throw new ControlInputError('after', after, 'hand in the next of the page before');
  }
  return { at: Number(at), id };
}

function checkQuery({ sql }: Database, { name, tenant, user, flag, from, to }: EventQuery, limit: number): void {
  for (const [field, text] of Object.entries({ name, flag })) {
    if (text !== undefined) readId(field, text);
  }
  requireTenantAndUser(sql, { tenant, user });
  requireInteger('limit', limit, 1, MAX_EVENTS_PER_PAGE);
  for (const [field, value] of Object.entries({ from, to })) if (value !== undefined) requireInteger(field, value, 0);
}

function toMeasurement(row: EventRow): RecordedMeasurement {
  const { id, name, happened_at: at, received_at: receivedAt, source, value, attributes } = row;
  const { tenant_id: tenant, user_id: user, flag, change_flag: change, variant } = row;
  return {
    id,
    name,
    at,
    receivedAt,
    ...(tenant !== null && { tenant }),
    ...(user !== null && { user }),
    ...(flag !== null && { flag }),
    ...(change !== null && { change }),
    ...(variant !== null && { variant }),
    ...(value !== null && { value }),
    ...(attributes !== null && { attributes: JSON.parse(attributes) as Readonly<Record<string, JsonValue>> }),
    source,
  };
}
