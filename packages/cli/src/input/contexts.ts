import { type Attributes, type ContextNames, invisibleCharacter, isSafeId } from '@rampart/core';
import { misused } from '../failure.js';
import { readRows } from './rows.js';

/** One context of a file, and where it stands. */
export interface ReadContext {
  /** `line 3`, or `entry 3` in a JSON list. */
  readonly at: string;
  readonly attributes: Attributes;
}

/** A row that is no context. */
export interface UnreadRow {
  readonly at: string;
  readonly problem: string;
}

/** What a file of contexts holds: every row is in one of the two lists. */
export interface ContextFile {
  readonly contexts: readonly ReadContext[];
  readonly unread: readonly UnreadRow[];
}

/**
 * Reads contexts from JSON (a list or one object), JSON Lines, or CSV with a header. An empty CSV cell is an empty text or list, not a
 * missing fact; to leave a fact unknown, leave its column out.
 */
export function readContexts(path: string, names: ContextNames): ContextFile {
  const rows = readRows({ option: '--tenants', path, example: 'tenantId,tier,region' });
  if (rows.length === 0) misused(`--tenants ${JSON.stringify(path)}: there are no rows in it`);
  const contexts: ReadContext[] = [];
  const unread: UnreadRow[] = [];
  for (const row of rows) {
    const problem = 'problem' in row ? row.problem : problemOf(row.value, names);
    if (problem === undefined && 'value' in row) contexts.push({ at: row.at, attributes: row.value as Attributes });
    else unread.push({ at: row.at, problem: problem ?? '' });
  }
  return { contexts, unread };
}

function problemOf(value: unknown, { tenantId, userId, requestId }: ContextNames): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is no object';
  const row = value as Readonly<Record<string, unknown>>;
  // JSON has rounded such a number already: it would be another one's id.
  const inexact = [tenantId, userId, requestId, 'userId', 'sessionId'].find(
    (name) => typeof row[name] === 'number' && !isSafeId(row[name]),
  );
  if (inexact !== undefined)
    return `${inexact}: a number that is no safe integer may be another id: write it as text, in quotes`;
  const tenant = row[tenantId];
  const given = (typeof tenant === 'string' && tenant !== '') || typeof tenant === 'number';
  if (!given) return `has no ${tenantId}`;
  const found = typeof tenant === 'string' ? invisibleCharacter(tenant) : undefined;
  return found && `${tenantId}: take away ${found.name} at character ${found.index + 1}`;
}
