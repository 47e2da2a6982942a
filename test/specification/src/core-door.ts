import {
  DEFAULT_TIERS,
  decide,
  type FlagDefinition,
  InMemoryControl,
  type Problem,
  type RuleDefinition,
  readSubject,
} from '@rampart/core';
import { DefinitionSnapshot, UnleashEvaluator } from '@rampart/unleash';
import { expect } from 'vitest';
import { type Door, expectDecision } from './door.js';
import { NOW } from './now.js';
import { type Row, type Scenario, scenarioOf } from './table.js';

/** Core alone, with unleash-client's own code for constraints and variants. */
export const coreDoor: Door = {
  name: 'core',
  check(row) {
    const scenario = scenarioOf(row);
    const problems: Problem[] = [];
    const tiers = row.tiers ?? DEFAULT_TIERS;
    const gates = new Map(Object.entries(row.gates ?? {}));
    const settings = { tiers, evaluator: new UnleashEvaluator(), prefix: row.prefix, gates };
    const read = (definitions: readonly FlagDefinition[], launchedBefore?: ReadonlySet<string>) =>
      new DefinitionSnapshot(
        definitions.map((definition) => withSegments(definition, scenario)),
        settings,
        { onProblem: (problem) => problems.push(problem), launchedBefore },
      );
    const { definitions, earlier } = scenario;
    const snapshot = read(definitions, earlier && read(earlier).launchedFeatures());
    const { control, ask } = scenario;
    const subject = readSubject(scenario.context);
    const source = new InMemoryControl({ now: () => NOW });
    if (control !== 'unknown') for (const change of control) source.apply(change);
    const view = control === 'unknown' ? undefined : source.read(subject.tenantId, subject.consentRevision);
    const { decision, reason, exposed } = decide(snapshot, ask, subject, view, { tiers });
    expectDecision({ ...decision }, row.expect);
    if (row.expect.errorCode === undefined) expect(reason).toBe(row.expect.reason);
    if (row.expect.exposed !== undefined) expect(exposed).toBe(row.expect.exposed ?? undefined);
    expectProblem(problems, row);
  },
};

function expectProblem(problems: readonly Problem[], { expect: { problem, gate } }: Row): void {
  if (problem !== undefined) {
    expect(problems).toContainEqual(expect.objectContaining(problem));
    for (const { fix } of problems) expect(fix).not.toBe('');
  } else if (gate !== 'config') {
    expect(problems).toEqual([]);
  }
}

function withSegments(definition: FlagDefinition, { segments }: Scenario): FlagDefinition {
  const resolve = (rule: RuleDefinition): RuleDefinition => {
    const ids = rule.segments as unknown as readonly number[] | undefined;
    return ids === undefined
      ? rule
      : { ...rule, segments: ids.map((id) => segments.find((segment) => segment.id === id)) };
  };
  return { ...definition, strategies: definition.strategies?.map(resolve) };
}
