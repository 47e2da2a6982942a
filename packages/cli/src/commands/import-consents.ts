import { createHash } from 'node:crypto';
import { formatRevision, isControlInputError, parseRevision } from '@rampart/core';
import type { DurableControl } from '@rampart/sdk';
import { type ConsentRecord, type ControlStore, isConflictError, isReusedIdError } from '@rampart/sdk/operator';
import type { BadLine, ConsentLine } from '../input/consent-file.js';
import { shownValue } from '../output/consents.js';
import { everyEntry } from './every-entry.js';

/** A line that says something else than what is recorded, and may. */
interface DueLine extends ConsentLine {
  /** What was recorded when the file was checked. */
  readonly current: ConsentRecord | undefined;
  /** The revision that was read: nothing recorded up to it says what the line says. */
  readonly seen: string;
}

interface CheckedLines {
  readonly due: readonly DueLine[];
  /** How many lines say what is recorded. */
  readonly same: number;
  readonly bad: readonly BadLine[];
}

/** Compares a file with what is recorded for every tenant of it. */
export async function checkAgainst(
  store: ControlStore,
  lines: readonly ConsentLine[],
  overwrite: boolean,
): Promise<CheckedLines> {
  // Before the consents are read: what is recorded while they are was not seen.
  const head = formatRevision(await store.head());
  const known = new Map<string, readonly ConsentRecord[] | string>();
  const due: DueLine[] = [];
  const bad: BadLine[] = [];
  let same = 0;
  for (const line of lines) {
    const { tenant, featureClass } = line.change;
    const records = known.get(tenant) ?? (await consentsOf(store, tenant));
    known.set(tenant, records);
    const current = typeof records === 'string' ? undefined : records.find((one) => one.featureClass === featureClass);
    const problem = typeof records === 'string' ? records : obstacle(line, current, overwrite);
    if (problem !== undefined) bad.push({ at: line.at, problem });
    else if (isSame(current, line)) same++;
    else due.push({ ...line, current, seen: current?.revision ?? head });
  }
  return { due, same, bad };
}

async function consentsOf(store: ControlStore, tenant: string): Promise<readonly ConsentRecord[] | string> {
  try {
    return await store.consents(tenant);
  } catch (error) {
    if (isControlInputError(error)) return error.message;
    throw error;
  }
}

function obstacle(line: ConsentLine, current: ConsentRecord | undefined, overwrite: boolean): string | undefined {
  const { state } = line.change.consent;
  if (overwrite || current === undefined || isSame(current, line) || state === 'opt_out') return undefined;
  return `state = ${JSON.stringify(state)}: recorded is ${shownRecord(current)}: take the line out, or pass --overwrite`;
}

function isSame(current: ConsentRecord | undefined, { change: { consent } }: ConsentLine): boolean {
  return current?.consent.state === consent.state && current.consent.version === consent.version;
}

function shownRecord(record: ConsentRecord | undefined): string {
  if (record === undefined) return shownValue(undefined);
  const { consent, actor, at } = record;
  return `${shownValue(consent)}, by ${actor ?? '(erased)'} at ${new Date(at).toISOString()}`;
}

/** Who imports and why, and what tells one import from another. */
interface ImportWrite {
  readonly actor: string;
  readonly reason: string;
  readonly batch: string;
}

/** Records line by line, each once; says how many were, and which were not and why. */
export async function writeAll(
  control: DurableControl,
  lines: readonly DueLine[],
  { actor, reason, batch }: ImportWrite,
): Promise<{ readonly written: number; readonly failed: readonly BadLine[] }> {
  const failed: BadLine[] = [];
  for (const line of lines) {
    const { at, change, current, seen } = line;
    try {
      const write = { actor, reason, id: writeId(batch, line), expected: current?.revision };
      const { position, revision } = await control.apply(change, write);
      // The store answers with the old entry where this id was recorded before, and writes nothing.
      if (position <= (parseRevision(seen)?.position ?? 0)) failed.push(changedSince(line, revision));
    } catch (error) {
      if (!isConflictError(error) && !isReusedIdError(error)) throw error;
      failed.push({ at, problem: error.message });
    }
  }
  return { written: lines.length - failed.length, failed };
}

/** Which lines {@link writeAll} would find recorded by the same import. */
export async function recordedBefore(
  store: ControlStore,
  lines: readonly DueLine[],
  batch: string,
): Promise<readonly BadLine[]> {
  if (lines.length === 0) return [];
  const waiting = new Map(lines.map((line) => [writeId(batch, line), line]));
  const found = new Map<DueLine, BadLine>();
  // Every tenant's entries: those of one that was erased are no longer found under its name.
  for await (const { id, revision } of everyEntry(store, { kinds: ['consent'] })) {
    const line = waiting.get(id);
    if (line !== undefined) found.set(line, changedSince(line, revision));
  }
  return lines.flatMap((line) => found.get(line) ?? []);
}

/**
 * A line of an import is recorded once, whoever changed it after: who said no meanwhile is not opted in by running it again.
 * A no is recorded against whatever is there, so that it holds when it is said again.
 */
function writeId(batch: string, { change, seen }: DueLine): string {
  const { tenant, featureClass, consent } = change;
  const line = [batch, tenant, featureClass, consent.state, consent.version ?? null];
  const text = JSON.stringify(consent.state === 'opt_out' ? [...line, seen] : line);
  return `import-${createHash('sha256').update(text).digest('hex').slice(0, 40)}`;
}

function changedSince({ at, change, current }: DueLine, revision: string): BadLine {
  const before = `state = ${JSON.stringify(change.consent.state)}: this import recorded it before, as ${revision}`;
  const problem = `${before}, and it was changed since: recorded is ${shownRecord(current)}`;
  return { at, problem: `${problem}: take the line out, or pass another --batch to record it once more` };
}
