import {
  type CreationPlan,
  type CreationStep,
  describeInstall,
  describeStep,
  type InstallAction,
} from '@rampart/unleash/admin';
import { counted } from './table.js';
import type { Paint } from './terminal.js';

/** An installation as text. */
export function renderInstall(plan: readonly InstallAction[], url: string, dryRun: boolean, paint: Paint): string {
  const count = (action: InstallAction['action']): number => plan.filter((step) => step.action === action).length;
  const due = plan.length - count('unchanged');
  const lines = describeInstall(plan).map((line) => paintAction(line, paint));
  const totals = `${count('create')} to create, ${count('update')} to update, ${count('unchanged')} unchanged`;
  const done = `${count('create')} created, ${count('update')} updated, ${count('unchanged')} unchanged`;
  const summary = dryRun
    ? `Dry run: ${totals}. Nothing was changed.`
    : due === 0
      ? 'Everything is in place already.'
      : `Done: ${done}.`;
  const next =
    dryRun && due > 0
      ? 'Run it again without --dry-run to do this.'
      : due > 0
        ? 'Next: rampart new-feature ai.my-feature --class my_feature'
        : '';
  return `Unleash at ${url}\n${[...lines, '', summary, next].join('\n').trimEnd()}\n`;
}

function paintAction(line: string, paint: Paint): string {
  if (line.startsWith('create')) return paint('green', line);
  if (line.startsWith('update')) return paint('yellow', line);
  return line.startsWith('unchanged') ? paint('dim', line) : line;
}

/** A creation as text; `next` is shown once it is done. */
export function renderCreation(plan: CreationPlan, dryRun: boolean, next: readonly string[], paint: Paint): string {
  const steps = plan.steps.flatMap((step) => [
    `  ${describeStep(step)}`,
    ...details(step).map((line) => paint('dim', `      ${line}`)),
  ]);
  const head = dryRun
    ? `Dry run, in project ${plan.project} this would:`
    : `Done in project ${plan.project} (${counted(plan.steps.length, 'step')}):`;
  const warnings = plan.warnings.map((warning) => paint('yellow', `warning: ${warning}`));
  const tail = dryRun ? ['Nothing was changed. Run it again without --dry-run to do this.'] : next;
  return `${[head, ...steps, ...warnings, '', ...tail].join('\n')}\n`;
}

// A rule is written with every parameter; only those that say something are worth reading.
function details(step: CreationStep): readonly string[] {
  if (step.kind !== 'add rule') return [];
  const set = Object.entries(step.rule.parameters).filter(([, value]) => value !== '');
  const variants = step.rule.variants ?? [];
  return [
    set.map(([name, value]) => `${name}=${value}`).join(' '),
    ...variants.map(({ name, weight, payload }) => `variant ${name} ${weight / 10}% ${payload?.value ?? ''}`.trimEnd()),
  ];
}
