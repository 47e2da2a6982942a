import type { Row } from './run-fault.js';

/** The head of the table, in Markdown. */
export const HEADING =
  '| fault | questions | stale | unknown | longest unknown | oldest state shown | recovered after |\n' +
  '|---|--:|--:|--:|--:|--:|--:|';

/** One line of the table. */
export function lineOf(row: Row): string {
  const stale = row.findings.filter(({ kind }) => kind === 'stale').length;
  const share = row.questions === 0 ? 0 : (100 * row.unknown) / row.questions;
  const cells = [
    row.name,
    row.questions.toLocaleString('en'),
    stale,
    `${share.toFixed(share < 1 ? 2 : 1)} %`,
    seconds(row.longestUnknown),
    seconds(row.oldest),
    row.recoveredAfter === undefined ? '–' : seconds(row.recoveredAfter),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** How long changes took while nothing was broken; undefined where none was seen by all. */
export function propagationOf(rows: readonly Row[]): string | undefined {
  const all = rows.flatMap(({ propagation }) => propagation).sort((a, b) => a - b);
  if (all.length === 0) return undefined;
  const at = (share: number): string =>
    `${(all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? 0).toFixed(0)} ms`;
  return `From a change's request to the last reader's answer: p50 ${at(0.5)}, p99 ${at(0.99)}, of ${all.length} changes.`;
}

/** What must not be: forbidden answers, and expectations that failed. */
export function failuresOf(row: Row): readonly string[] {
  const shown = row.findings.slice(0, 5).map(({ kind, reader, text }) => `${kind}: reader ${reader}, ${text}`);
  const rest = row.findings.length - shown.length;
  return [...row.problems, ...shown, ...(rest > 0 ? [`and ${rest} more such answers`] : [])];
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(2)} s`;
}
