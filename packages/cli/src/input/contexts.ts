import type { Attributes } from '@rampart/core';
import { parse } from 'csv-parse/sync';
import { misused } from '../failure.js';
import { readText } from './files.js';

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

type Row = { readonly at: string } & ({ readonly value: unknown } | { readonly problem: string });

/**
 * Reads contexts from JSON (a list or one object), JSON Lines, or CSV with a header. An empty CSV cell is an empty text or list, not a
 * missing fact; to leave a fact unknown, leave its column out.
 */
export function readContexts(path: string, tenantName: string): ContextFile {
  const rows = rowsOf(path, readText('--tenants', path));
  if (rows.length === 0) misused(`--tenants ${JSON.stringify(path)}: there are no rows in it`);
  const contexts: ReadContext[] = [];
  const unread: UnreadRow[] = [];
  for (const row of rows) {
    const problem = 'problem' in row ? row.problem : problemOf(row.value, tenantName);
    if (problem === undefined && 'value' in row) contexts.push({ at: row.at, attributes: row.value as Attributes });
    else unread.push({ at: row.at, problem: problem ?? '' });
  }
  return { contexts, unread };
}

function rowsOf(path: string, text: string): readonly Row[] {
  const start = text.trimStart()[0];
  if (start !== '[' && start !== '{') return csvRows(path, text);
  const whole = parsed(text);
  if (!('value' in whole))
    return start === '{'
      ? jsonLines(text)
      : misused(`--tenants ${JSON.stringify(path)}: no valid JSON (${whole.problem})`);
  const entries: readonly unknown[] = Array.isArray(whole.value) ? whole.value : [whole.value];
  return entries.map((value, index) => ({ at: `entry ${index + 1}`, value }));
}

function jsonLines(text: string): readonly Row[] {
  return text
    .split(/\r?\n/)
    .map((line, index) => ({ line, at: `line ${index + 1}` }))
    .filter(({ line }) => line.trim() !== '')
    .map(({ line, at }) => ({ at, ...parsed(line) }));
}

function parsed(text: string): { readonly value: unknown } | { readonly problem: string } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { problem: `no valid JSON: ${(error as Error).message}` };
  }
}

interface CsvRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

function csvRows(path: string, text: string): readonly Row[] {
  const broken: BrokenRecord[] = [];
  const records = parse(text, {
    info: true,
    bom: true,
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    skip_records_with_error: true,
    on_skip: (error) => {
      if (error !== undefined) broken.push({ lines: Number(error['lines']), problem: error.message });
    },
  }) as unknown as readonly CsvRecord[];
  const [header, ...body] = records;
  const ends = [...records.map(({ info }) => info.lines), ...broken.map(({ lines }) => lines)];
  const unread = broken.map((record) => brokenRow(record, ends));
  const early = broken.find(({ lines }) => header === undefined || lines < header.info.lines);
  if (early !== undefined) misused(`--tenants ${JSON.stringify(path)}: the header can not be read (${early.problem})`);
  if (header === undefined) return [];
  checkHeader(path, header.record);
  return [...body.map((row) => csvRow(header.record, row)), ...unread];
}

interface BrokenRecord {
  readonly lines: number;
  readonly problem: string;
}

/** A quote that is never closed swallows the lines after it: all of them are named. */
function brokenRow({ lines, problem }: BrokenRecord, ends: readonly number[]): Row {
  const first = Math.max(0, ...ends.filter((end) => end < lines)) + 1;
  return { at: first < lines ? `lines ${first} to ${lines}` : `line ${lines}`, problem };
}

function checkHeader(path: string, names: readonly string[]): void {
  const wrong = names.find((name, index) => name === '' || names.indexOf(name) !== index);
  if (wrong === undefined) return;
  misused(
    `--tenants ${JSON.stringify(path)}: column ${JSON.stringify(wrong)} of the header is empty or there twice; name each fact once, e.g. tenantId,tier,region`,
  );
}

function csvRow(names: readonly string[], { record, info }: CsvRecord): Row {
  const at = `line ${info.lines}`;
  if (record.length !== names.length)
    return { at, problem: `${record.length} cells, but the header has ${names.length}` };
  return { at, value: Object.fromEntries(names.map((name, index) => [name, record[index]])) };
}

function problemOf(value: unknown, tenantName: string): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is no object';
  const tenant = (value as Record<string, unknown>)[tenantName];
  const given = (typeof tenant === 'string' && tenant !== '') || typeof tenant === 'number';
  return given ? undefined : `has no ${tenantName}`;
}
