import type { LintFinding } from '@rampart/unleash/admin';
import { counted, oneLine } from './table.js';
import type { Paint } from './terminal.js';

/** Lint's findings as text, flag by flag. */
export function renderFindings(findings: readonly LintFinding[], looked: string, paint: Paint): string {
  const flags = [...new Set(findings.map(({ flag }) => flag))];
  const blocks = flags.map((flag) => {
    const own = findings.filter((finding) => finding.flag === flag).map((finding) => renderFinding(finding, paint));
    return `${paint('bold', oneLine(flag))}\n${own.join('\n')}\n`;
  });
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const totals =
    findings.length === 0
      ? 'No findings'
      : `${counted(errors, 'error')}, ${counted(findings.length - errors, 'warning')}`;
  return `${[...blocks, `${totals} in ${looked}.`].join('\n')}\n`;
}

function renderFinding({ severity, field, value, fix }: LintFinding, paint: Paint): string {
  const label = paint(severity === 'error' ? 'red' : 'yellow', severity.padEnd(7));
  return `  ${label}  ${field}${value === '' ? '' : ` = ${JSON.stringify(value)}`}: ${oneLine(fix)}`;
}
