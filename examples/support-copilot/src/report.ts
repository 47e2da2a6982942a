import type { Flip, Seen } from './flips.js';
import { EXISTING } from './operator.js';
import type { Shown, Subject } from './subjects.js';
import { describeShown, sameShown } from './visitor.js';

/** One subject and what came back. */
export interface Answered {
  readonly subject: Subject;
  readonly shown: Shown;
}

/** The answers as lines of columns. */
export function answersTable(answers: readonly Answered[]): string {
  const head = ['subject', 'asked', 'outcome', 'gate', 'variant', 'mode', 'route'];
  const rows = answers.map(({ subject: { who, flag }, shown }) => {
    return [who, flag, shown.outcome, shown.gate, shown.variant ?? '', shown.mode ?? '', shown.route ?? ''];
  });
  return table([head, ...rows]);
}

/** A flip and how the answers changed. */
export function flipLines({ what }: Flip, seen: readonly Seen[]): string {
  const rows = seen.map(({ subject, seenBefore, seenAfter, took, requests }) => {
    const who = subject.flag === EXISTING ? `${subject.tenant}, ${EXISTING}` : subject.tenant;
    const when = requests === 1 ? `next request, ${took.toFixed(0)} ms` : `${(took / 1_000).toFixed(2)} s`;
    return [who, describeShown(seenBefore), '->', describeShown(seenAfter), when];
  });
  return [`\n${what}`, ...columns(rows)].join('\n');
}

/** What came back other than expected, one line each. */
export function differencesIn(answers: readonly Answered[], flips: readonly (readonly Seen[])[]): readonly string[] {
  const differs = (who: string, got: Shown, wanted: Shown): readonly string[] =>
    sameShown(got, wanted) ? [] : [`${who}: expected ${describeShown(wanted)}; got ${describeShown(got)}`];
  return [
    ...answers.flatMap(({ subject, shown }) => differs(`${subject.who}, ${subject.flag}`, shown, subject.expected)),
    ...flips
      .flat()
      .flatMap(({ subject: { tenant, flag }, before, seenBefore, after, seenAfter }) => [
        ...differs(`before, ${tenant}, ${flag}`, seenBefore, before),
        ...differs(`after, ${tenant}, ${flag}`, seenAfter, after),
      ]),
  ];
}

function table([head = [], ...body]: readonly (readonly string[])[]): string {
  const lines = columns([head, ...body]);
  const width = Math.max(...lines.map((line) => line.length));
  return [lines[0], `  ${'-'.repeat(width - 2)}`, ...lines.slice(1)].join('\n');
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
}
