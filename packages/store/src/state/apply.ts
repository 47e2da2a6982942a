import { randomUUID } from 'node:crypto';
import {
  type ControlChange,
  ControlInputError,
  formatRevision,
  parseRevision,
  readControlChange,
  readId,
} from '@rampart/core';
import { ConflictError, ReusedIdError } from '../api/conflict-error.js';
import type { Write } from '../api/control-items.js';
import { LimitError } from '../api/limit-error.js';
import type { RecordedEntry } from '../api/recorded-entry.js';
import type { Database } from '../database/database.js';
import { insert, type SqlDialect } from '../database/sql-dialect.js';
import { type NewEntry, type Plan, runPlanned, toRecordedEntry } from '../log/append.js';
import { canonical, requireStorable } from '../log/canonical.js';
import { type AppliedEntry, type ItemState, readCurrent } from './current.js';
import {
  changeOf,
  flagOf,
  type Item,
  isNarrowing,
  isPresent,
  itemOf,
  itemType,
  resultingState,
  sameValues,
} from './item.js';
import { addSubject, personalDataOf, requireTenant } from './subject.js';
import { statementsFor } from './write-item.js';

/** A validated write. */
export interface CheckedWrite extends Write {
  readonly id: string;
}

/** Records a change and its entry. */
export async function apply(database: Database, input: ControlChange, write: Write): Promise<RecordedEntry> {
  const change = readControlChange(input);
  requireStorable('change', change);
  const checked = readWrite(write);
  const item = itemOf(change);
  if ('tenant' in change) requireTenant(database.sql, change.tenant);
  const [entry] = await runPlanned(database, lockKeyOf(item), {
    read: (session) => readCurrent(database.sql, session, checked.id, item, personalDataOf(change)),
    plan: (current) => planChange(database.sql, { change, write: checked, item }, current),
  });
  if (entry === undefined) throw new Error('no entry was appended');
  return entry;
}

interface PlannedChange {
  readonly change: ControlChange;
  readonly write: CheckedWrite;
  readonly item: Item;
}

/** @throws ReusedIdError, ConflictError, LimitError */
function planChange(sql: SqlDialect, { change, write, item }: PlannedChange, current: ItemState): Plan {
  const { applied, change: before, subject } = current;
  if (applied !== undefined) {
    const entry = toRecordedEntry(current.epoch, applied.position, write.id);
    if (!isSameWrite(applied, change, write)) throw new ReusedIdError(entry);
    return { skip: [entry] };
  }
  requireNoConflict(change, write, item, current);
  const limit = itemType(item.kind).limit;
  if (limit !== undefined && current.others >= limit.max) throw new LimitError(limit.name, limit.max, limit.fix);
  const { id, actor, reason, task } = write;
  const entry: NewEntry = {
    id,
    actor,
    reason,
    kind: change.kind,
    subject: subject?.pseudonym ?? '',
    flag: flagOf(change) ?? flagOf(before),
    what: { change, before: before === undefined ? null : resultingState(before) },
  };
  const writes = [
    ...statementsFor(sql, item, { entry: id, actor, isThere: current.values !== undefined }),
    ...(subject?.isNew ? [addSubject(subject)] : []),
    ...(task === undefined ? [] : [insert('rampart_task', { id, task: canonical(task) })]),
  ];
  return { entries: [entry], writes };
}

/** @throws ControlInputError */
export function readWrite(write: Write): CheckedWrite {
  const { actor, reason, expected, id = randomUUID(), task } = write;
  readId('actor', actor);
  if (typeof reason !== 'string') throw new ControlInputError('reason', reason, 'say why');
  if (reason.length > 2_000) throw new ControlInputError('reason', reason, 'use at most 2000 characters');
  requireStorable('reason', reason);
  if (expected !== undefined && expected !== 'any' && parseRevision(expected) === undefined) {
    throw new ControlInputError('expected', expected, "hand in the revision that was read, or 'any'");
  }
  if (typeof id !== 'string' || !/^[\x21-\x7e]{1,64}$/.test(id)) {
    throw new ControlInputError('id', id, 'use 1 to 64 printable ASCII characters without spaces');
  }
  return { actor, reason, expected, id, task };
}

/** Writers of one tenant wait for each other, so that none overwrites a state that it hasn't read. */
function lockKeyOf({ kind, keys }: Item): string {
  const tenant = keys['tenant_id'];
  return tenant === undefined ? canonical([kind, keys]) : tenantLockKey(tenant);
}

export function tenantLockKey(tenant: string): string {
  return canonical(['tenant', tenant]);
}

/** Whether an entry has the same change, actor and reason. Erased parts count as equal. */
function isSameWrite(entry: AppliedEntry, change: ControlChange, write: CheckedWrite): boolean {
  const isSame = (stored: string | null, input: unknown, part: (data: unknown) => unknown): boolean =>
    stored === null || canonical(part(JSON.parse(stored))) === canonical(input);
  return (
    entry.kind === change.kind &&
    isSame(entry.what, change, (data) => (data as { readonly change: unknown }).change) &&
    isSameAuthor(entry.who, write)
  );
}

/** Whether an entry has this actor and reason. An erased author counts as equal. */
export function isSameAuthor(who: string | null, { actor, reason }: Pick<CheckedWrite, 'actor' | 'reason'>): boolean {
  return who === null || canonical(JSON.parse(who)) === canonical({ actor, reason });
}

function requireNoConflict(change: ControlChange, { expected }: CheckedWrite, item: Item, current: ItemState): void {
  const { last, values, epoch } = current;
  if (expected === 'any' || last === undefined) return;
  const read = expected === undefined ? undefined : parseRevision(expected);
  if (read !== undefined) {
    if (read.epoch === epoch && last.position <= read.position) return;
  } else {
    const before = current.change;
    const same = isPresent(item) ? values !== undefined && sameValues(values, item.values) : before === undefined;
    if (same || (before === undefined ? isPresent(item) : isNarrowing(before, change))) return;
  }
  throw conflictError(change, expected, current, last);
}

function conflictError(
  yours: ControlChange,
  expected: string | undefined,
  { epoch, change }: ItemState,
  { position, at, who }: NonNullable<ItemState['last']>,
): ConflictError {
  const revision = formatRevision({ epoch, position });
  const actor = who === null ? undefined : (JSON.parse(who) as { readonly actor: string }).actor;
  const current = { value: resultingState(change), revision, actor, at };
  const meanwhile =
    expected === undefined ? 'and you did not say what you had read' : `after ${expected}, which you had read`;
  return new ConflictError(
    `It is ${canonical(current.value)} now, by ${actor ?? 'an erased author'} at ${new Date(at).toISOString()} (${revision}), ` +
      `${meanwhile}; yours is ${canonical(resultingState(changeOf(itemOf(yours))))}. ` +
      `Look at it, then repeat with expected: '${revision}', or 'any' to overwrite whatever is there.`,
    { current, yours },
  );
}
