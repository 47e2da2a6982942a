import {
  type ControlChange,
  ControlInputError,
  type LogBatch,
  type LogEffect,
  readRecordedChange,
  type TenantChange,
} from '@rampart/core';
import { type Database, requirePrimary } from '../database/database.js';
import type { Sql } from '../database/sql-dialect.js';
import { requireWatched } from '../schema/consent-watch.js';
import { ROTATION_KIND } from './rotation.js';

interface LogRecord {
  readonly epoch: string;
  readonly head: number;
  readonly key_check: string;
  readonly migrations: number;
  readonly now: number;
  readonly replica: unknown;
  readonly position: number | null;
  readonly kind: string;
  readonly what: string | null;
}

/**
 * One statement, so one snapshot: the head is never younger or older than the entries. What they say is looked up one by
 * one: a plan made while the tables were small must be good when they are not.
 */
const READ_LOG_SQL = (sql: Sql): string => `select h.epoch, h.position as head, h.key_check,
    (select count(*) from rampart_migration) as migrations, ${sql.now} as now, ${sql.isReplica} as replica,
    l.position, l.kind,
    (select d.data from rampart_detail d where d.id = l.id and d.part = 'what') as what
  from rampart_head h
  left join (select position, id, kind from rampart_log where position > ? order by position limit ?) l on 1 = 1
  where h.id = 1 order by l.position`;

export async function readLog(database: Database, after: number, limit: number): Promise<LogBatch> {
  requireInteger('after', after, 0);
  requireInteger('limit', limit, 1);
  const { first, lines } = await database.session(async (session) => {
    await requireWatched(database, session);
    const found = await session.rows<LogRecord>(READ_LOG_SQL(database.sql), [after, limit]);
    const [head] = found;
    if (head === undefined) throw new Error('rampart_head has no row');
    // Inside the session, so that a connection to a replica is destroyed.
    requirePrimary(head.replica, database);
    // A running process is closed by a new secret or a newer schema as one that starts would be.
    await database.requireUsable(session, `${head.migrations} ${head.key_check}`);
    return { first: head, lines: found };
  });
  const entries = lines.flatMap(({ position, kind, what }) =>
    position === null ? [] : [{ position, effect: toEffect(kind, what) }],
  );
  return { epoch: first.epoch, head: first.head, entries, now: first.now };
}

/** Kinds of entries that change one tenant alone. */
const TENANT_KINDS: ReadonlySet<string> = new Set<TenantChange['kind']>([
  'consent',
  'choice',
  'preference',
  'override',
  'lift_override',
]);

/** What an entry means to those who follow the log. */
function toEffect(kind: string, what: string | null): LogEffect {
  if (kind === 'flag_edit' || kind === ROTATION_KIND) return { kind: 'none' };
  if (kind === 'erase') return { kind: 'forget' };
  const change = what === null ? undefined : parseChange(what);
  // It was erased, or can't be read: which item it changed is unknown, so the state is read again.
  return change === undefined ? { kind: TENANT_KINDS.has(kind) ? 'forget' : 'begin_anew' } : { kind: 'change', change };
}

/** The change that the text of an entry says; undefined where it can't be read. */
export function parseChange(what: string): ControlChange | undefined {
  try {
    return readRecordedChange((JSON.parse(what) as { readonly change?: unknown } | null)?.change);
  } catch {
    return undefined;
  }
}

/** @throws ControlInputError */
export function requireInteger(
  field: string,
  value: unknown,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): void {
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return;
  const upTo = max === Number.MAX_SAFE_INTEGER ? '' : ` to ${max}`;
  throw new ControlInputError(field, value, `use a whole number from ${min}${upTo}`);
}
