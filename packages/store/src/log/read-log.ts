import {
  type ControlChange,
  type LogBatch,
  type LogEffect,
  readRecordedChange,
  type TenantChange,
} from '@rampart/core';
import { type Database, requirePrimary } from '../database/database.js';
import type { SqlDialect } from '../database/sql-dialect.js';
import { requireWatched } from '../schema/consent-watch.js';
import { requireInteger } from '../validate.js';
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
 * One statement and so one snapshot: head and entries match. Looks payloads up row by row: a cached plan made for small tables must stay
 * fast when they grow.
 */
const READ_LOG_SQL = (sql: SqlDialect): string => `select h.epoch, h.position as head, h.key_check,
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
    const records = await session.rows<LogRecord>(READ_LOG_SQL(database.sql), [after, limit]);
    const [head] = records;
    if (head === undefined) throw new Error('rampart_head has no row');
    // An error inside the session destroys a connection to a replica.
    requirePrimary(head.replica, database);
    // A new secret or newer schema closes a running process, like one that starts.
    await database.requireUsable(session, `${head.migrations} ${head.key_check}`);
    return { first: head, lines: records };
  });
  const entries = lines.flatMap(({ position, kind, what }) =>
    position === null ? [] : [{ position, effect: toEffect(kind, what) }],
  );
  return { epoch: first.epoch, head: first.head, entries, now: first.now };
}

/** Kinds of entry that affect one tenant only. */
const TENANT_KINDS: ReadonlySet<string> = new Set<TenantChange['kind']>([
  'consent',
  'choice',
  'preference',
  'override',
  'lift_override',
]);

/** The effect of an entry on followers of the log. */
function toEffect(kind: string, what: string | null): LogEffect {
  if (kind === 'flag_edit' || kind === ROTATION_KIND) return { kind: 'none' };
  if (kind === 'erase') return { kind: 'forget' };
  const change = what === null ? undefined : parseChange(what);
  // The payload was erased or can't be read, so the changed item is unknown and followers read the state again.
  return change === undefined ? { kind: TENANT_KINDS.has(kind) ? 'forget' : 'begin_anew' } : { kind: 'change', change };
}

/** The change in the payload of an entry; undefined if it can't be read. */
export function parseChange(what: string): ControlChange | undefined {
  try {
    return readRecordedChange((JSON.parse(what) as { readonly change?: unknown } | null)?.change);
  } catch {
    return undefined;
  }
}
