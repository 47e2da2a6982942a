import {
  type AccessPolicy,
  AI_ACCESS,
  AI_STAGE,
  describeProblem,
  parseAccess,
  parseStage,
  STAGES,
  type StagePolicy,
} from '@rampart/core';
import { invalid, refuse } from './admin-api-error.js';
import type { AdminFlag, Rule } from './admin-types.js';
import { environmentOf } from './feature-flag.js';

/** What a widening sets. What is left out stays as it is. */
export interface WiderStage {
  /** One of `internal`, `dogfood`, `canary`, `tier`, `ga`. */
  readonly stage?: string | undefined;
  /** Percent, 0 to 100, of the cohort that the stage adds. Required with another stage. */
  readonly rollout?: string | undefined;
  /** Tenants to add to the canary. @default none */
  readonly tenants?: readonly string[] | undefined;
  /** Tiers to add to the stage `tier`. @default none */
  readonly tiers?: readonly string[] | undefined;
}

/** The `aiStage` rule that a widening changes. Refuses where there is none, or where it is not clear which. */
export function requireStageRule(flag: AdminFlag, environment: string, id: string | undefined): Rule {
  const strategies = environmentOf(flag, environment)?.strategies ?? [];
  const rules = strategies.filter(({ name, disabled }) => name === AI_STAGE.name && !disabled);
  const listed = rules.map((rule) => `${rule.id} (${rule.title || 'no title'}: ${stageOf(rule)})`).join(', ');
  if (id !== undefined) {
    const named = rules.find((rule) => rule.id === id);
    return (
      named ??
      refuse(
        `Cannot widen rule "${id}" of "${flag.name}" in ${environment}: it has ${listed || 'no active aiStage rule'}.`,
      )
    );
  }
  const [only, other] = rules;
  if (only === undefined)
    return refuse(
      `Cannot widen "${flag.name}": it has no active aiStage rule in ${environment}. Name a change, and an environment where it has one.`,
    );
  if (other !== undefined)
    return refuse(`Cannot widen "${flag.name}" in ${environment} without the id of a rule: it has several: ${listed}.`);
  return only;
}

/**
 * The parameters of a rule after a widening. Only `stage`, `rollout`, `tenants` and `tiers` change.
 *
 * @throws AdminApiError `refused` for what is no widening or skips a stage, `invalid` for values that can't be used
 */
export function widerParameters(
  flag: string,
  rule: Rule,
  wider: WiderStage,
  options: {
    readonly tiers: readonly string[];
    readonly skipStages: boolean;
    readonly priority: AccessPolicy['priority'];
  },
): Readonly<Record<string, string>> {
  const before = policyOf(flag, rule.parameters, options.tiers);
  const { stage = before.stage, rollout, tenants = [], tiers = [] } = wider;
  const index = (STAGES as readonly string[]).indexOf(stage);
  if (index === -1) invalid(`Cannot use stage ${JSON.stringify(stage)}: use one of ${STAGES.join(', ')}.`);
  const steps = index - STAGES.indexOf(before.stage);
  if (steps !== 0 && rollout === undefined)
    invalid(
      `Cannot move "${flag}" to stage ${stage} without a rollout: name the percentage of the cohort that the stage adds.`,
    );
  const after = {
    ...rule.parameters,
    stage,
    ...(rollout === undefined ? {} : { rollout }),
    ...(tenants.length === 0 ? {} : { tenants: joined(rule.parameters['tenants'], tenants) }),
    ...(tiers.length === 0 ? {} : { tiers: joined(rule.parameters['tiers'], tiers) }),
  };
  const policy = policyOf(flag, after, options.tiers);
  requireWider(flag, before, policy, steps);
  requireOneStep(flag, steps, before, options);
  if (policy.stage === 'canary' && policy.tenants.size === 0)
    invalid(`Cannot move "${flag}" to stage canary without tenants: name the canary tenants.`);
  if (policy.stage === 'tier' && policy.tiers.size === 0)
    invalid(`Cannot move "${flag}" to stage tier without tiers: name the tiers that the ramp has reached.`);
  return after;
}

/** The priority of the feature of a change; P0, the strictest, where its rule can't be read. */
export function priorityOf(
  feature: AdminFlag | undefined,
  environment: string,
  tiers: readonly string[],
): AccessPolicy['priority'] {
  const rules = feature === undefined ? [] : (environmentOf(feature, environment)?.strategies ?? []);
  const access = rules.find(({ name, disabled }) => name === AI_ACCESS.name && !disabled);
  const parsed = access && parseAccess(feature?.name ?? '', access.parameters, tiers);
  return parsed?.ok === true ? parsed.value.priority : 'P0';
}

function policyOf(flag: string, parameters: Rule['parameters'], tiers: readonly string[]): StagePolicy {
  const parsed = parseStage(flag, parameters, tiers);
  if (parsed.ok) return parsed.value;
  return invalid(`Cannot widen "${flag}": ${parsed.problems.map(describeProblem).join('; ')}.`);
}

function requireWider(flag: string, before: StagePolicy, after: StagePolicy, steps: number): void {
  const isNarrower = steps < 0 || (steps === 0 && after.rollout < before.rollout);
  if (isNarrower)
    refuse(
      `Cannot widen "${flag}" from ${stageAndRollout(before)} to ${stageAndRollout(after)}: that is narrower. Narrow a rule in the Unleash UI, or stop the change at once with rampart kill --change ${flag}.`,
    );
  const isSame =
    steps === 0 &&
    after.rollout === before.rollout &&
    after.tenants.size === before.tenants.size &&
    after.tiers.size === before.tiers.size;
  if (isSame)
    refuse(`Cannot widen "${flag}": it is at ${stageAndRollout(before)} already, with these tenants and tiers.`);
}

function requireOneStep(
  flag: string,
  steps: number,
  { stage }: StagePolicy,
  { skipStages, priority }: { readonly skipStages: boolean; readonly priority: AccessPolicy['priority'] },
): void {
  if (steps <= 1) return;
  const next = STAGES[STAGES.indexOf(stage) + 1] ?? stage;
  if (priority !== 'P2')
    refuse(
      `Cannot skip a stage of "${flag}": its feature has priority ${priority}. The stage after ${stage} is ${next}.`,
    );
  if (!skipStages)
    refuse(
      `Cannot skip a stage of "${flag}" unasked: the stage after ${stage} is ${next}. Take that step, or set skipStages.`,
    );
}

const stageAndRollout = ({ stage, rollout }: StagePolicy): string => `${stage} ${rollout} %`;

const stageOf = ({ parameters }: Rule): string =>
  `stage ${parameters['stage'] ?? ''}, rollout ${parameters['rollout'] ?? ''}`;

/** A list parameter with further entries; those that are there stay as they are written. */
function joined(list: string | undefined, more: readonly string[]): string {
  const present = (list ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  return [...new Set([...present, ...more])].join(',');
}
