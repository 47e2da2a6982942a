import { ControlInputError, readId } from '@rampart/core';
import type { Measurement, RecordedEvents } from '../api/measurement.js';
import { type Database, retryOnConflict } from '../database/database.js';
import { placeholders, type Session } from '../database/sql-dialect.js';
import { canonical, requireStorable } from '../log/canonical.js';
import { requireTenant } from '../state/subject.js';
import { requireInteger } from '../validate.js';

/** Maximum per call: one statement, which must end within the timeout. */
const MAX_EVENTS_PER_CALL = 1_000;
const MAX_NAME_LENGTH = 100;
const MAX_ATTRIBUTES_LENGTH = 8_000;

/** Inserted columns and their types for PostgreSQL. */
const COLUMNS = {
  id: 'text',
  name: 'text',
  happened_at: 'bigint',
  tenant_id: 'text',
  user_id: 'text',
  flag: 'text',
  change_flag: 'text',
  variant: 'text',
  value: 'double precision',
  attributes: 'text',
  source: 'text',
} as const;
type Row = Readonly<Record<keyof typeof COLUMNS, string | number | null>>;
const NAMES = Object.keys(COLUMNS) as readonly (keyof typeof COLUMNS)[];

/** Records measurements in one statement and skips recorded ids. */
export async function recordEvents(database: Database, events: readonly Measurement[]): Promise<RecordedEvents> {
  if (!Array.isArray(events)) throw new ControlInputError('events', typeof events, 'pass a list');
  if (events.length > MAX_EVENTS_PER_CALL)
    throw new ControlInputError('events', `${events.length} of them`, `pass at most ${MAX_EVENTS_PER_CALL}`);
  const rows = new Map<string, Row>();
  // The first measurement of an id is kept, as in the database.
  for (const [index, event] of events.entries()) {
    const row = toRow(database, event, `events.${index}`);
    if (!rows.has(event.id)) rows.set(event.id, row);
  }
  if (rows.size === 0) return { recorded: 0, duplicates: 0 };
  // One order of rows prevents deadlocks between overlapping batches.
  const ordered = [...rows.values()].sort((one, other) => (String(one.id) < String(other.id) ? -1 : 1));
  const insert = database.sql.family === 'mysql' ? insertOnMysql : insertOnPostgres;
  const recorded = await retryOnConflict(() => database.session((session) => insert(session, database, ordered)));
  return { recorded, duplicates: events.length - recorded };
}

// The same text for every batch size, so that it stays prepared.
async function insertOnPostgres(session: Session, { sql }: Database, rows: readonly Row[]): Promise<number> {
  const typed = Object.entries(COLUMNS).map(([name, type]) => `${name} ${type}`);
  return session.execute(
    `insert into rampart_event (${NAMES.join(', ')}, received_at)
      select ${NAMES.join(', ')}, ${sql.now} from json_to_recordset(?::text::json) as input(${typed.join(', ')})
      on conflict (id) do nothing`,
    [JSON.stringify(rows)],
  );
}

// `insert ignore` would hide other errors, and neither it nor `on duplicate key` counts correctly. A concurrent insert between select and
// insert fails the whole statement, which is then retried.
async function insertOnMysql(session: Session, { sql }: Database, rows: readonly Row[]): Promise<number> {
  const recorded = await session.rows<{ id: string }>(
    `select id from rampart_event where id in (${placeholders(rows)})`,
    rows.map(({ id }) => id),
  );
  const recordedIds = new Set(recorded.map(({ id }) => id));
  const newRows = rows.filter(({ id }) => !recordedIds.has(String(id)));
  if (newRows.length === 0) return 0;
  const row = `(${placeholders(NAMES)}, ${sql.now})`;
  return session.execute(
    `insert into rampart_event (${NAMES.join(', ')}, received_at) values ${newRows.map(() => row).join(', ')}`,
    newRows.flatMap((values) => NAMES.map((name) => values[name])),
  );
}

function toRow({ sql }: Database, event: Measurement, at: string): Row {
  const { id, name, at: happened, tenant, user, flag, change, variant, value, attributes, source } = event;
  if (typeof id !== 'string' || !/^[\x21-\x7e]{1,64}$/.test(id)) {
    throw new ControlInputError(`${at}.id`, id, 'use 1 to 64 printable ASCII characters without spaces');
  }
  if (readId(`${at}.name`, name).length > MAX_NAME_LENGTH) {
    throw new ControlInputError(`${at}.name`, name, `use at most ${MAX_NAME_LENGTH} characters`);
  }
  requireInteger(`${at}.at`, happened, 0);
  for (const [field, text] of Object.entries({ tenant, user, flag, change, variant })) {
    if (text !== undefined) readId(`${at}.${field}`, text);
  }
  readId(`${at}.source`, source);
  if (tenant !== undefined) requireTenant(sql, tenant);
  else if (user !== undefined) throw new ControlInputError(`${at}.user`, user, 'name the tenant too');
  if (value !== undefined && !Number.isFinite(value)) {
    throw new ControlInputError(`${at}.value`, String(value), 'use a finite number, or leave it out');
  }
  return {
    id,
    name,
    happened_at: happened,
    tenant_id: tenant ?? null,
    user_id: user ?? null,
    flag: flag ?? null,
    change_flag: change ?? null,
    variant: variant ?? null,
    value: value ?? null,
    attributes: attributes === undefined ? null : attributesText(attributes, `${at}.attributes`),
    source,
  };
}

function attributesText(attributes: NonNullable<Measurement['attributes']>, field: string): string {
  requireStorable(field, attributes);
  const text = canonical(attributes);
  if (text.length <= MAX_ATTRIBUTES_LENGTH) return text;
  throw new ControlInputError(field, `${text.length} characters`, `use at most ${MAX_ATTRIBUTES_LENGTH} as JSON`);
}
