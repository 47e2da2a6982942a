import type { PreviewRow } from '@rampart/unleash/admin';
import type { UnreadRow } from '../input/contexts.js';
import { counted, oneLine, renderTable } from './table.js';
import type { Paint, Style } from './terminal.js';

/** One row of a preview, and where its context stands in the file. */
export interface PlacedRow extends PreviewRow {
  readonly at: string;
}

/** How many gain, lose, keep and stay out, and for how many that can't be known. */
export type PreviewCounts = Readonly<Record<PreviewRow['change'], number>>;

/** What the text around a preview needs. */
export interface PreviewText {
  /** What is tried, as a sentence. */
  readonly what: string;
  readonly rows: readonly PlacedRow[];
  readonly unread: readonly UnreadRow[];
  readonly counts: PreviewCounts;
  /** Show also those for whom nothing changes. */
  readonly all: boolean;
  readonly tenantName: string;
  readonly notes: readonly string[];
}

const ORDER: readonly PreviewRow['change'][] = ['loses', 'gains', 'keeps', 'stays out', 'unknown'];
const VERBS: Readonly<Record<PreviewRow['change'], string>> = {
  loses: 'lose access',
  gains: 'gain it',
  keeps: 'keep it',
  'stays out': 'stay out',
  unknown: 'not known',
};
const STYLES: Readonly<Record<PreviewRow['change'], Style>> = {
  loses: 'red',
  gains: 'green',
  keeps: 'dim',
  'stays out': 'dim',
  unknown: 'red',
};

/** Counts the rows by what changes. */
export function countChanges(rows: readonly PreviewRow[]): PreviewCounts {
  const count = (change: PreviewRow['change']): number => rows.filter((row) => row.change === change).length;
  const [loses, gains, keeps, unknown] = [count('loses'), count('gains'), count('keeps'), count('unknown')];
  return { loses, gains, keeps, 'stays out': count('stays out'), unknown };
}

/** Who gains and loses as a table, the totals, what could not be read. */
export function renderPreview(text: PreviewText, paint: Paint): string {
  const { rows, unread, counts, notes } = text;
  const table = renderRows(text, paint);
  const totals = ORDER.filter((change) => change !== 'unknown' || counts.unknown > 0)
    .map((change) => paint(STYLES[change], `${counts[change]} ${VERBS[change]}`))
    .join(', ');
  const read = `${counted(rows.length + unread.length, 'row')}: ${totals}${unread.length === 0 ? '' : paint('red', `, ${unread.length} not readable`)}.`;
  const bad = unread.map(({ at, problem }) => paint('red', `${at}: ${oneLine(problem)}`));
  return `${[text.what, '', ...table, ...(table.length > 0 ? [''] : []), read, ...bad, ...notes.flatMap((note) => ['', note])].join('\n')}\n`;
}

function renderRows({ rows, all, tenantName }: PreviewText, paint: Paint): readonly string[] {
  const shown = ORDER.flatMap((change) => rows.filter((row) => row.change === change)).filter(
    ({ change }) => all || change === 'loses' || change === 'gains' || change === 'unknown',
  );
  if (shown.length === 0) return [];
  const cells = shown.map(({ at, subject, change, before, after, decision, unknownBecause }) => [
    at,
    oneLine(String(subject[tenantName])),
    onOff(before),
    onOff(after),
    paint(STYLES[change], change),
    change === 'unknown' ? oneLine(unknownBecause.join('; ')) : closedBy(decision),
  ]);
  return renderTable(['WHERE', 'TENANT', 'TODAY', 'THEN', 'CHANGE', 'REASON'], cells);
}

const onOff = (answer: PreviewRow['before']): string => (answer === 'unknown' ? '?' : answer ? 'on' : 'off');

function closedBy({ gate, detail }: PreviewRow['decision']): string {
  return gate === 'open' ? '' : `${gate}${detail === undefined ? '' : `: ${oneLine(detail)}`}`;
}
