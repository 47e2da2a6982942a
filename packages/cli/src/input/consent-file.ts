import { createHash } from 'node:crypto';
import {
  type Consent,
  type ControlChange,
  invisibleCharacter,
  isControlInputError,
  readControlChange,
} from '@rampart/core';
import { misused } from '../failure.js';
import { readText } from './files.js';
import { type Row, readRows } from './rows.js';

/** One consent of a file. */
export interface ConsentLine {
  /** `line 3`, or `entry 3` in a JSON list. */
  readonly at: string;
  readonly change: Extract<ControlChange, { readonly kind: 'consent' }>;
}

/** A line that can't be imported: where it stands, and the field, its value and the fix. */
export interface BadLine {
  readonly at: string;
  readonly problem: string;
}

/** What a file of consents holds: every row is in one of the two lists. */
export interface ConsentFile {
  /** Stands for the text: the same file is the same import. */
  readonly digest: string;
  readonly lines: readonly ConsentLine[];
  readonly bad: readonly BadLine[];
}

/** The columns of an export. The first four are read back; the others say how it came about. */
export const CONSENT_COLUMNS = [
  'tenant',
  'featureClass',
  'state',
  'version',
  'revision',
  'actor',
  'reason',
  'at',
] as const;
const KNOWN: ReadonlySet<string> = new Set(CONSENT_COLUMNS);
const EXAMPLE = 'tenant,featureClass,state,version';

/** Reads consents from CSV with a header, JSON Lines or a JSON list. Nothing is written. */
export function readConsentFile(path: string): ConsentFile {
  const text = readText('FILE', path);
  const rows = readRows({ option: 'FILE', path, example: EXAMPLE }, text);
  if (rows.length === 0) misused(`FILE ${JSON.stringify(path)}: there are no rows in it`);
  const lines: ConsentLine[] = [];
  const bad: BadLine[] = [];
  const seen = new Map<string, string>();
  for (const row of rows) {
    const read = located(readLine(row), row, text);
    const key = 'change' in read ? JSON.stringify([read.change.tenant, read.change.featureClass]) : '';
    const first = seen.get(key);
    if ('problem' in read) bad.push(read);
    else if (first !== undefined)
      bad.push({ at: row.at, problem: `the same tenant and class stand in ${first}: keep one` });
    else {
      seen.set(key, row.at);
      lines.push(read);
    }
  }
  return { digest: createHash('sha256').update(text).digest('hex'), lines, bad };
}

/** Adds where in the file the invisible character of a bad line stands. */
function located(read: ConsentLine | BadLine, row: Row, text: string): ConsentLine | BadLine {
  if (!('problem' in read) || !('value' in row)) return read;
  const { tenant, featureClass } = row.value as Readonly<Record<string, unknown>>;
  const cell = [tenant, featureClass].find((id) => typeof id === 'string' && invisibleCharacter(id) !== undefined);
  const place = typeof cell === 'string' ? placeOf(text, cell, row.at) : undefined;
  return place === undefined ? read : { ...read, problem: `${read.problem} (${place})` };
}

/** `line 3, column 7` of the file. Undefined where the file has the character in another form, such as an escape. */
function placeOf(text: string, cell: string, at: string): string | undefined {
  const line = Number(/^line (\d+)$/.exec(at)?.[1] ?? 1);
  const before = text.split('\n', line - 1).join('\n').length;
  const start = text.indexOf(cell, before);
  if (start === -1) return undefined;
  const lines = text.slice(0, start + (invisibleCharacter(cell)?.index ?? 0)).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
}

function readLine(row: Row): ConsentLine | BadLine {
  const { at } = row;
  if ('problem' in row) return { at, problem: row.problem };
  const { value } = row;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { at, problem: 'is no object' };
  const unknown = Object.keys(value).find((name) => !KNOWN.has(name));
  if (unknown !== undefined) return { at, problem: `${unknown}: there is no such column, use ${EXAMPLE}` };
  const { tenant, featureClass, state, version } = value as Readonly<Record<string, unknown>>;
  const consent = { state, ...(isGiven(version) && { version: asNumber(version) }) } as Consent;
  try {
    const change = readControlChange({ kind: 'consent', tenant, featureClass, consent });
    return { at, change: change as ConsentLine['change'] };
  } catch (error) {
    if (!isControlInputError(error)) throw error;
    return { at, problem: error.message };
  }
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== '';

// A cell is text; what is no number is left for the check, which names it.
const asNumber = (value: unknown): unknown =>
  typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
