import { rolloutBucket } from './bucket.js';
import { consentObstacle, optedOutOfAll } from './consent.js';
import type { ControlView } from './control.js';
import type { Gate } from './decision.js';
import type { ChangeFlag, FeatureFlag, StageRule } from './flag.js';
import { isForced } from './overrides.js';
import type { AccessPolicy, StagePolicy } from './parameters.js';
import { firstKill } from './scoped-control.js';
import { STAGES } from './stages.js';
import { type Subject, stickyValue } from './subject.js';
import { tierRank } from './tiers.js';

/** Input of an evaluation. */
export interface GateInput {
  readonly feature: FeatureFlag;
  readonly change: ChangeFlag | undefined;
  readonly subject: Subject;
  /** Undefined without a fresh enough state: closed. */
  readonly control: ControlView | undefined;
  /** The tier ladder, lowest first. */
  readonly tiers: readonly string[];
  /** True when gates are evaluated again as if the missing consent were recorded. */
  readonly consentGiven: boolean;
}

/** Input for the feature alone, without a change. */
export function toGateInput(
  feature: FeatureFlag,
  subject: Subject,
  control: ControlView | undefined,
  { tiers }: { readonly tiers: readonly string[] },
): GateInput {
  return { feature, change: undefined, subject, control, tiers, consentGiven: false };
}

/** A closed gate and the reason. */
export interface ClosedGate {
  readonly gate: Gate;
  readonly detail: string;
}

const closed = (gate: Gate, detail: string): ClosedGate => ({ gate, detail });

const FEATURE_OFF: ClosedGate = Object.freeze(closed('kill', 'feature_off'));

/** The feature's flag is off and was never on for customers, so it is not "unavailable". */
export const NOT_LAUNCHED: ClosedGate = Object.freeze(closed('kill', 'not_launched'));

/** Gate 2: a kill covers the subject, or the feature's flag is off. */
export function killGate(input: GateInput): ClosedGate | undefined {
  const { feature } = input;
  const kill = recordedKill(input);
  if (kill !== undefined) return closed('kill', kill);
  if (feature.enabled) return undefined;
  return feature.launched ? FEATURE_OFF : NOT_LAUNCHED;
}

function recordedKill({ feature, change, subject, control }: GateInput): string | undefined {
  if (control === undefined || control.kills.length === 0) return undefined;
  return firstKill(control.kills, { feature: feature.name, change: change?.name, subject })?.id;
}

/** Gate 1 of a change: its flag is off in this environment. Evaluated after the kill gate. */
export function flagGate({ change }: GateInput): ClosedGate | undefined {
  return change === undefined || change.enabled ? undefined : closed('flag', 'off');
}

/** Invalid parameters of the feature or the change. Evaluated after the flag and kill gates, which do not depend on them. */
export function configGate({ feature, change }: GateInput): ClosedGate | undefined {
  const problem = feature.problems[0] ?? change?.problems[0];
  if (problem !== undefined) return closed('config', problem.field);
  if (feature.access === undefined) return closed('config', 'aiAccess');
  return change !== undefined && change.rules.length === 0 ? closed('config', 'strategies') : undefined;
}

/** Gate 3: `forceOff` of the feature or of any rule of the change lists the tenant, or an override forces it off. */
export function forceOffGate(
  { feature, change, subject, control }: GateInput,
  access: AccessPolicy,
): ClosedGate | undefined {
  const { tenantId } = subject;
  if (tenantId === undefined) return undefined;
  if (access.forceOff.has(tenantId)) return closed('force_off', 'feature');
  if (change?.forceOff.has(tenantId)) return closed('force_off', 'change');
  if (isForced(control, 'off', feature.name)) return closed('force_off', 'override');
  return isForced(control, 'off', change?.name) ? closed('force_off', 'override') : undefined;
}

/** Gate 4: a label of the subject is excluded, or the user opted out of all AI. */
export function exclusionGate({ subject, control }: GateInput, access: AccessPolicy): ClosedGate | undefined {
  if (subject.aiOptOut || optedOutOfAll(subject, control)) return closed('exclusion', 'opted_out');
  if (access.exclude.size === 0) return undefined;
  if (subject.labels === undefined) return closed('exclusion', 'missing');
  for (const label of subject.labels) if (access.exclude.has(label)) return closed('exclusion', label);
  return undefined;
}

/** Gate 5: consent is missing, refused, for older terms, or unknown. */
export function consentGate(
  input: GateInput,
  access: AccessPolicy,
  rule: StagePolicy | undefined,
): ClosedGate | undefined {
  const { subject, control, consentGiven } = input;
  const obstacle = consentObstacle(access, rule?.consentVersion, subject, control, consentGiven);
  return obstacle === undefined ? undefined : closed('consent', obstacle);
}

/** Gate 6: a constraint or segment of the feature or of the rule doesn't match. */
export function targetingGate({ feature, subject }: GateInput, rule: StageRule | undefined): ClosedGate | undefined {
  if (feature.targeting !== undefined && !feature.targeting(subject)) return closed('targeting', 'feature');
  if (rule?.targeting !== undefined && !rule.targeting(subject)) return closed('targeting', 'change');
  return undefined;
}

/** Gate 7: the tier is below `minTier`. Skipped by the feature's `forceOn`. A paywall answers the detail `tier_too_low` only. */
export function tierGate(
  { feature, subject, control, tiers }: GateInput,
  access: AccessPolicy,
): ClosedGate | undefined {
  if (access.minTier === undefined || isListed(access.forceOn, subject.tenantId)) return undefined;
  if (isForced(control, 'on', feature.name)) return undefined;
  if (subject.tier === undefined) return closed('tier', 'missing');
  const tier = tierRank(tiers, subject.tier);
  if (tier === -1) return closed('tier', 'unknown_tier');
  return tier < tiers.indexOf(access.minTier) ? closed('tier', 'tier_too_low') : undefined;
}

/** Gate 8: the subject is outside the stage's cohort. Skipped by the change's `forceOn`. */
export function stageGate(input: GateInput, { policy }: StageRule): ClosedGate | undefined {
  if (isForcedOn(input, policy)) return undefined;
  const { subject } = input;
  return matchedStageIndex(policy, subject) === -1 ? closed('stage', policy.stage) : undefined;
}

/** Gate 9: the region is not listed. Never skipped. */
export function regionGate({ subject }: GateInput, { policy }: StageRule): ClosedGate | undefined {
  if (policy.regions.size === 0) return undefined;
  if (subject.region === undefined) return closed('region', 'missing');
  return policy.regions.has(subject.region) ? undefined : closed('region', 'not_listed');
}

/** Gate 10: the task is more complex than `maxComplexity`. */
export function taskGate({ subject }: GateInput, { policy }: StageRule): ClosedGate | undefined {
  if (policy.maxComplexity === undefined) return undefined;
  if (subject.complexity === undefined) return closed('task', 'missing');
  return subject.complexity > policy.maxComplexity ? closed('task', 'too_complex') : undefined;
}

/** Gate 11: the bucket is above the percentage, which applies to the cohort that the stage adds. Skipped by the change's `forceOn`. */
export function rolloutGate(input: GateInput, rule: StageRule): ClosedGate | undefined {
  const { policy, variants } = rule;
  const { subject } = input;
  const appliesPercentage = isPercentageApplied(input, policy);
  if (!appliesPercentage && variants.length < 2) return undefined;
  if (appliesPercentage && policy.rollout <= 0) return closed('rollout', 'zero');
  const sticky = stickyValue(subject, policy.stickiness);
  if (sticky === undefined) return closed('rollout', 'missing');
  return appliesPercentage && rolloutBucket(sticky, policy.groupId) > policy.rollout
    ? closed('rollout', 'outside')
    : undefined;
}

/** Whether the percentage applies to the subject: below 100, not forced on, not in the cohort of a narrower stage. */
export function isPercentageApplied(input: GateInput, policy: StagePolicy): boolean {
  if (policy.rollout >= 100 || isForcedOn(input, policy)) return false;
  return matchedStageIndex(policy, input.subject) === STAGES.indexOf(policy.stage);
}

function isForcedOn({ change, subject, control }: GateInput, policy: StagePolicy): boolean {
  return isListed(policy.forceOn, subject.tenantId) || isForced(control, 'on', change?.name);
}

/** Index of the narrowest stage whose cohort includes the subject, up to the rule's stage; -1 if none. */
function matchedStageIndex(policy: StagePolicy, subject: Subject): number {
  const last = STAGES.indexOf(policy.stage);
  const { cohorts } = subject;
  if (cohorts?.includes('internal')) return 0;
  if (last >= 1 && cohorts?.includes('dogfood')) return 1;
  if (last >= 2 && isListed(policy.tenants, subject.tenantId)) return 2;
  if (last >= 3 && isListed(policy.tiers, subject.tier)) return 3;
  return last === 4 ? 4 : -1;
}

function isListed(list: ReadonlySet<string>, value: string | undefined): boolean {
  return value !== undefined && list.size > 0 && list.has(value);
}
