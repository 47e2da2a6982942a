import { parse } from 'csv-parse/sync';
import { misused } from '../failure.js';
import { restoreFormula } from '../formula.js';
import { readText } from './files.js';

/** One row of a file and where it stands: `line 3`, or `entry 3` in a JSON list. */
export type Row = { readonly at: string } & ({ readonly value: unknown } | { readonly problem: string });

/** Which file, and how messages call it. */
export interface RowFile {
  readonly option: string;
  readonly path: string;
  /** A header, for the message about one that can't be used. */
  readonly example: string;
}

/** Reads rows from JSON (a list or one object), JSON Lines, or CSV with a header. What is no row says what is wrong with it. */
export function readRows(file: RowFile, text: string = readText(file.option, file.path)): readonly Row[] {
  const start = text.trimStart()[0];
  if (start !== '[' && start !== '{') return csvRows(file, text);
  const whole = parsed(text);
  if (!('value' in whole)) return start === '{' ? jsonLines(text) : misused(`${where(file)}: ${whole.problem}`);
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

function csvRows(file: RowFile, text: string): readonly Row[] {
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
  if (early !== undefined) misused(`${where(file)}: the header can not be read (${early.problem})`);
  if (header === undefined) return [];
  checkHeader(file, header.record);
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

function checkHeader(file: RowFile, names: readonly string[]): void {
  const wrong = names.find((name, index) => name === '' || names.indexOf(name) !== index);
  if (wrong === undefined) return;
  misused(
    `${where(file)}: column ${JSON.stringify(wrong)} of the header is empty or there twice; name each fact once, e.g. ${file.example}`,
  );
}

function csvRow(names: readonly string[], { record, info }: CsvRecord): Row {
  const at = `line ${info.lines}`;
  if (record.length !== names.length)
    return { at, problem: `${record.length} cells, but the header has ${names.length}` };
  return { at, value: Object.fromEntries(names.map((name, index) => [name, restoreFormula(record[index] ?? '')])) };
}

const where = ({ option, path }: RowFile): string => `${option} ${JSON.stringify(path)}`;
