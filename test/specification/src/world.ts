import {
  type ControlView,
  DEFAULT_TIERS,
  type Decision,
  decide,
  type FlagDefinition,
  type FlagSnapshot,
  InMemoryControl,
  type RuleEvaluator,
  readSubject,
} from '@rampart/core';
import { DefinitionSnapshot, UnleashEvaluator } from '@rampart/unleash';
import type { World, WorldFlag } from './arbitraries.js';
import { NOW } from './now.js';

/** Answers a question in a world. */
export function ask(world: World, name: string, evaluator?: RuleEvaluator): Decision {
  const subject = readSubject(world.context);
  return decide(snapshotOf(world, evaluator), name, subject, viewIn(world)).decision;
}

export function snapshotOf(
  { feature, changes }: World,
  evaluator: RuleEvaluator = new UnleashEvaluator(),
): FlagSnapshot {
  const definitions = [
    define(feature, 'aiAccess'),
    ...changes.map((change) => define(change, 'aiStage', feature.name)),
  ];
  return new DefinitionSnapshot(definitions, { tiers: DEFAULT_TIERS, evaluator });
}

export function viewIn({ control, context }: World): ControlView | undefined {
  if (control === 'unknown') return undefined;
  const source = new InMemoryControl({ now: () => NOW });
  for (const change of control) source.apply(change);
  return source.read(readSubject(context).tenantId);
}

function define({ name, enabled, rules }: WorldFlag, strategy: string, parent?: string): FlagDefinition {
  return {
    name,
    enabled,
    strategies: rules.map((rule) => ({ ...rule, name: strategy })),
    dependencies: parent === undefined ? [] : [{ feature: parent, enabled: true }],
  };
}
