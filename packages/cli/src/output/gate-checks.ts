import type { GateFinding } from '../gate-checks/finding.js';
import { counted, oneLine, renderTable } from './table.js';
import type { Paint, Style } from './terminal.js';

/** What the text about a gated flag is made from. */
export interface GateText {
  readonly flag: string;
  readonly feature: string;
  readonly project: string;
  readonly findings: readonly GateFinding[];
  /** What happened: the parent was set, would be set, or is not set because of problems. */
  readonly outcome: 'set' | 'dry-run' | 'refused' | 'present';
}

const STYLES: Readonly<Record<GateFinding['result'], Style>> = { ok: 'green', problem: 'red', accepted: 'yellow' };

/** The checks as a table, then what was done and how to undo it. */
export function renderGate(text: GateText, paint: Paint): string {
  const { flag, feature, project, findings } = text;
  const head = `Checks before ${oneLine(feature)} becomes the parent of ${oneLine(flag)} in project ${project}:`;
  const cells = findings.map(({ check, where, result, found, fix }) => [
    check,
    oneLine(where),
    paint(STYLES[result], result),
    oneLine(found),
    oneLine(fix),
  ]);
  const table =
    cells.length === 0 ? [] : [head, '', ...renderTable(['CHECK', 'WHERE', 'RESULT', 'FOUND', 'FIX'], cells), ''];
  return `${[...table, ...outcomeLines(text, paint)].join('\n')}\n`;
}

function outcomeLines({ flag, feature, project, findings, outcome }: GateText, paint: Paint): readonly string[] {
  const problems = findings.filter(({ result }) => result === 'problem').length;
  switch (outcome) {
    case 'present':
      return [`${oneLine(feature)} is the parent of ${oneLine(flag)} already. Nothing was changed.`];
    case 'refused':
      return [paint('red', `${counted(problems, 'problem')}. Nothing was changed.`)];
    case 'dry-run':
      return ['Dry run: no problem. Nothing was changed. Run it again without --dry-run to set the parent.'];
    case 'set':
      return [
        paint(
          'green',
          `Done: ${oneLine(feature)} is the parent of ${oneLine(flag)} in every environment of project ${project}.`,
        ),
        `To undo it, remove the parent of ${oneLine(flag)} in the Unleash UI: the flag answers by its own strategies again.`,
        'Services with metrics disabled are not in the list of applications: check those by hand.',
      ];
  }
}
