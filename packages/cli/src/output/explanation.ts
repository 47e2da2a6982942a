import type { Decision, Explanation } from '@rampart/core';
import { decisionFacts, type Fact, revisionsFact } from './decision.js';
import { passedOver, renderGates } from './gate-table.js';
import { oneLine } from './table.js';
import type { Paint } from './terminal.js';

/** What the text of an explanation is made from. */
export interface ExplanationText {
  readonly flag: string;
  readonly environment: string;
  readonly tenant: string;
  readonly readAs: 'admin' | 'client';
  readonly explanation: Explanation;
  /** What a service would be answered, the flag's own rules included. */
  readonly enabled: boolean;
  /** What Unleash says of a flag's own rules, where Rampart does not own them. */
  readonly ownRules: boolean | undefined;
  readonly notes: readonly string[];
}

/** The gate table, then the decision, then notes. */
export function renderExplanation(text: ExplanationText, paint: Paint): string {
  const { explanation, flag, environment, tenant, notes } = text;
  const head = `${paint('bold', oneLine(flag))} in ${environment} for tenant ${oneLine(tenant)}`;
  const answer = isPlain(explanation) ? plainLines(text, paint) : decisionLines(text, paint);
  const over = passedOver(explanation);
  const remarks = [...(over === undefined ? [] : [over]), ...notes];
  const blocks = [[head], renderGates(explanation, paint), answer, ...(remarks.length > 0 ? [remarks] : [])];
  return `${blocks.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** Whether Rampart has nothing to say about the flag. */
export function isPlain({ gates }: Explanation): boolean {
  return gates.length === 1 && gates[0]?.gate === 'flag' && gates[0].open;
}

function plainLines({ flag, enabled }: ExplanationText, paint: Paint): readonly string[] {
  return [
    `Rampart has no say here: ${oneLine(flag)} is an ordinary flag, without a Rampart strategy or parent.`,
    `Unleash answers ${enabled ? paint('green', 'on') : paint('red', 'off')}.`,
  ];
}

function decisionLines(text: ExplanationText, paint: Paint): readonly string[] {
  const { explanation, ownRules, enabled, readAs } = text;
  const { decision } = explanation;
  const outcome = decision.outcome === 'enabled' && !enabled ? 'off' : decision.outcome;
  const all: readonly Fact[] = [
    ['enabled', String(enabled)],
    ...(ownRules === undefined
      ? []
      : [['own rules', `${ownRules ? 'on' : 'off'}, as Unleash evaluates them`] as const]),
    ...decisionFacts(decision),
    ...(readAs === 'client' ? [revisionsFact(decision)] : []),
  ];
  const lines = all.map(([name, value]) => `  ${name.padEnd(10)} ${oneLine(value)}`);
  return [`Decision: ${paint(enabled ? 'green' : 'red', outcome)}, ${whoDecided(decision, ownRules)}`, ...lines];
}

function whoDecided({ gate, detail }: Decision, ownRules: boolean | undefined): string {
  if (gate !== 'open') return `gate ${gate}${detail === undefined ? '' : ` (${oneLine(detail)})`}`;
  return ownRules === false ? "by the flag's own rules; every gate is open" : 'every gate is open';
}
