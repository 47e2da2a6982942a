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

/** Everything one evaluation depends on. */
export interface Question {
  readonly feature: FeatureFlag;
  readonly change: ChangeFlag | undefined;
  readonly subject: Subject;
  /** Undefined where nothing fresh enough is known: closed. */
  readonly control: ControlView | undefined;
  /** The tier ladder, lowest first. */
  readonly tiers: readonly string[];
  /** Second pass: consent that could be asked for counts as given. */
  readonly consentGiven: boolean;
}

/** A question to a feature as it stands: no change yet, no obstacle lifted. */
export function questionOf(
  feature: FeatureFlag,
  subject: Subject,
  control: ControlView | undefined,
  { tiers }: { readonly tiers: readonly string[] },
): Question {
  return { feature, change: undefined, subject, control, tiers, consentGiven: false };
}

/** A gate that closed, and why. */
export interface Closed {
  readonly gate: Gate;
  readonly detail: string;
}

const closed = (gate: Gate, detail: string): Closed => ({ gate, detail });

const FEATURE_OFF: Closed = Object.freeze(closed('kill', 'feature_off'));

/** The feature's flag is off, no kill covers the subject, and customers never had the feature: nothing is unavailable to them. */
export const NOT_LAUNCHED: Closed = Object.freeze(closed('kill', 'not_launched'));

/** Gate 2: a kill covers the subject, or the feature flag is off. */
export function killGate(question: Question): Closed | undefined {
  const { feature } = question;
  const kill = recordedKill(question);
  if (kill !== undefined) return closed('kill', kill);
  if (feature.enabled) return undefined;
  return feature.launched ? FEATURE_OFF : NOT_LAUNCHED;
}

function recordedKill({ feature, change, subject, control }: Question): string | undefined {
  if (control === undefined || control.kills.length === 0) return undefined;
  return firstKill(control.kills, { feature: feature.name, change: change?.name, subject })?.id;
}

/** Gate 1 for a change: it is off in this environment. Named after the kill. */
export function flagGate({ change }: Question): Closed | undefined {
  return change === undefined || change.enabled ? undefined : closed('flag', 'off');
}

/** A flag that can't be read. Named after flag and kill, which hold whatever the rules say. */
export function configGate({ feature, change }: Question): Closed | undefined {
  const found = feature.problems[0] ?? change?.problems[0];
  if (found !== undefined) return closed('config', found.field);
  if (feature.access === undefined) return closed('config', 'aiAccess');
  return change !== undefined && change.rules.length === 0 ? closed('config', 'strategies') : undefined;
}

/** Gate 3: the tenant is listed on the feature, or in any rule of the change, or an operator's override says so. */
export function forceOffGate(
  { feature, change, subject, control }: Question,
  access: AccessPolicy,
): Closed | undefined {
  const { tenantId } = subject;
  if (tenantId === undefined) return undefined;
  if (access.forceOff.has(tenantId)) return closed('force_off', 'feature');
  if (change?.forceOff.has(tenantId)) return closed('force_off', 'change');
  if (isForced(control, 'off', feature.name)) return closed('force_off', 'override');
  return isForced(control, 'off', change?.name) ? closed('force_off', 'override') : undefined;
}

/** Gate 4: a subject label is excluded, or the user opted out of AI. */
export function exclusionGate({ subject, control }: Question, access: AccessPolicy): Closed | undefined {
  if (subject.aiOptOut || optedOutOfAll(subject, control)) return closed('exclusion', 'opted_out');
  if (access.exclude.size === 0) return undefined;
  if (subject.labels === undefined) return closed('exclusion', 'missing');
  for (const label of subject.labels) if (access.exclude.has(label)) return closed('exclusion', label);
  return undefined;
}

/** Gate 5: not given, opted out, terms too old, not known fresh enough. */
export function consentGate(
  question: Question,
  access: AccessPolicy,
  rule: StagePolicy | undefined,
): Closed | undefined {
  const { subject, control, consentGiven } = question;
  const obstacle = consentObstacle(access, rule?.consentVersion, subject, control, consentGiven);
  return obstacle === undefined ? undefined : closed('consent', obstacle);
}

/** Gate 6: an operator's own constraint or segment doesn't match, on the feature or on the rule. */
export function targetingGate({ feature, subject }: Question, rule: StageRule | undefined): Closed | undefined {
  if (feature.targeting !== undefined && !feature.targeting(subject)) return closed('targeting', 'feature');
  if (rule?.targeting !== undefined && !rule.targeting(subject)) return closed('targeting', 'change');
  return undefined;
}

/** Gate 7: below the lowest tier; skipped by the feature's force-on. `below` is the one detail a paywall may answer. */
export function tierGate({ feature, subject, control, tiers }: Question, access: AccessPolicy): Closed | undefined {
  if (access.minTier === undefined || isListed(access.forceOn, subject.tenantId)) return undefined;
  if (isForced(control, 'on', feature.name)) return undefined;
  if (subject.tier === undefined) return closed('tier', 'missing');
  const tier = tierRank(tiers, subject.tier);
  if (tier === -1) return closed('tier', 'off_ladder');
  return tier < tiers.indexOf(access.minTier) ? closed('tier', 'below') : undefined;
}

/** Gate 8: outside the stage's cohort; skipped by the change's force-on. */
export function stageGate(question: Question, { policy }: StageRule): Closed | undefined {
  if (isForcedOn(question, policy)) return undefined;
  const { subject } = question;
  return reach(policy, subject) === -1 ? closed('stage', policy.stage) : undefined;
}

/** Gate 9: region not listed; never skipped. */
export function regionGate({ subject }: Question, { policy }: StageRule): Closed | undefined {
  if (policy.regions.size === 0) return undefined;
  if (subject.region === undefined) return closed('region', 'missing');
  return policy.regions.has(subject.region) ? undefined : closed('region', 'not_listed');
}

/** Gate 10: harder than the rule takes. */
export function taskGate({ subject }: Question, { policy }: StageRule): Closed | undefined {
  if (policy.maxComplexity === undefined) return undefined;
  if (subject.complexity === undefined) return closed('task', 'missing');
  return subject.complexity > policy.maxComplexity ? closed('task', 'too_complex') : undefined;
}

/** Gate 11: bucket above the percentage, which applies to the cohort the stage adds; skipped by the change's force-on. */
export function rolloutGate(question: Question, rule: StageRule): Closed | undefined {
  const { policy, variants } = rule;
  const { subject } = question;
  const byShare = dependsOnShare(question, policy);
  if (!byShare && variants.length < 2) return undefined;
  if (byShare && policy.rollout <= 0) return closed('rollout', 'zero');
  const sticky = stickyValue(subject, policy.stickiness);
  if (sticky === undefined) return closed('rollout', 'missing');
  return byShare && rolloutBucket(sticky, policy.groupId) > policy.rollout ? closed('rollout', 'outside') : undefined;
}

/** Whether the percentage has a say for this subject: not forced on, not in a narrower stage, below 100. */
export function dependsOnShare(question: Question, policy: StagePolicy): boolean {
  if (policy.rollout >= 100 || isForcedOn(question, policy)) return false;
  return reach(policy, question.subject) === STAGES.indexOf(policy.stage);
}

function isForcedOn({ change, subject, control }: Question, policy: StagePolicy): boolean {
  return isListed(policy.forceOn, subject.tenantId) || isForced(control, 'on', change?.name);
}

/** Index of the narrowest stage that lets the subject in under a rule, or -1. */
function reach(policy: StagePolicy, subject: Subject): number {
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
