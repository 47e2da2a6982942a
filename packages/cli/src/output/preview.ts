import type { PreviewRow } from '@rampart/unleash/admin';
import type { UnreadRow } from '../input/contexts.js';
import { counted, oneLine, renderTable } from './table.js';
import type { Paint, Style } from './terminal.js';

/** One row of a preview, and where its context stands in the file. */
export interface PlacedRow extends PreviewRow {
  readonly at: string;
}

/** How many gain, lose, keep and stay out. */
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

const ORDER: readonly PreviewRow['change'][] = ['loses', 'gains', 'keeps', 'stays out'];
const VERBS: Readonly<Record<PreviewRow['change'], string>> = {
  loses: 'lose access',
  gains: 'gain it',
  keeps: 'keep it',
  'stays out': 'stay out',
};
const STYLES: Readonly<Record<PreviewRow['change'], Style>> = {
  loses: 'red',
  gains: 'green',
  keeps: 'dim',
  'stays out': 'dim',
};

/** Counts the rows by what changes. */
export function countChanges(rows: readonly PreviewRow[]): PreviewCounts {
  const count = (change: PreviewRow['change']): number => rows.filter((row) => row.change === change).length;
  return { loses: count('loses'), gains: count('gains'), keeps: count('keeps'), 'stays out': count('stays out') };
}

/** Who gains and loses as a table, the totals, what could not be read. */
export function renderPreview(text: PreviewText, paint: Paint): string {
  const { rows, unread, counts, notes } = text;
  const table = renderRows(text, paint);
  const totals = ORDER.map((change) => paint(STYLES[change], `${counts[change]} ${VERBS[change]}`)).join(', ');
  const read = `${counted(rows.length + unread.length, 'row')}: ${totals}${unread.length === 0 ? '' : paint('red', `, ${unread.length} not readable`)}.`;
  const bad = unread.map(({ at, problem }) => paint('red', `${at}: ${oneLine(problem)}`));
  return `${[text.what, '', ...table, ...(table.length > 0 ? [''] : []), read, ...bad, ...notes.flatMap((note) => ['', note])].join('\n')}\n`;
}

function renderRows({ rows, all, tenantName }: PreviewText, paint: Paint): readonly string[] {
  const shown = ORDER.flatMap((change) => rows.filter((row) => row.change === change)).filter(
    ({ change }) => all || change === 'loses' || change === 'gains',
  );
  if (shown.length === 0) return [];
  const cells = shown.map(({ at, subject, change, before, after, decision }) => [
    at,
    oneLine(String(subject[tenantName])),
    onOff(before),
    onOff(after),
    paint(STYLES[change], change),
    decision.gate === 'open'
      ? ''
      : `${decision.gate}${decision.detail === undefined ? '' : `: ${oneLine(decision.detail)}`}`,
  ]);
  return renderTable(['WHERE', 'TENANT', 'TODAY', 'THEN', 'CHANGE', 'CLOSED BY'], cells);
}

const onOff = (on: boolean): string => (on ? 'on' : 'off');
