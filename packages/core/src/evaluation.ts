import { isSampled } from './bucket.js';
import type { ControlView } from './control.js';
import type { Decision, Revisions, ShadowRun } from './decision.js';
import { type DecisionReason, type Evaluation, type FeatureFlag, HOLDOUT } from './flag.js';
import { type ClosedGate, type GateInput, NOT_LAUNCHED } from './gates.js';
import { type Bands, routeFor, strictestBands } from './modes.js';
import { DEFAULT_UNAVAILABLE_MESSAGE } from './parameters.js';
import { highestFloor } from './scoped-control.js';
import type { Subject } from './subject.js';
import { tierRank } from './tiers.js';
import { CLOSED_BY_HOLDOUT, type Obstacle, type OpenRule, type Verdict } from './verdict.js';

export const NO_SHADOW: readonly ShadowRun[] = Object.freeze([]);

/** The decision of a verdict, with its OpenFeature reason and the variant to count as exposed. */
export function toEvaluation(
  input: GateInput,
  revision: string,
  verdict: Verdict,
  shadow: readonly ShadowRun[] = NO_SHADOW,
): Evaluation {
  const { feature, control } = input;
  const policy = feature.revision === '' ? undefined : feature.revision;
  const revisions = { flag: revision, consent: control?.revision, policy };
  switch (verdict.type) {
    case 'feature':
      return {
        decision: featureOpen(feature, revisions),
        reason: 'TARGETING_MATCH',
        exposed: undefined,
        rule: undefined,
      };
    case 'open':
      return openEvaluation(input, verdict, revisions, shadow);
    case 'shadow':
      return shadowEvaluation(input, verdict, revisions, shadow);
    case 'holdout':
      return holdoutEvaluation(input, verdict, revisions, shadow);
    case 'paywall':
    case 'consent_required':
      return {
        decision: obstacleDecision(input, verdict, revisions, shadow),
        reason: 'TARGETING_MATCH',
        exposed: undefined,
        rule: undefined,
      };
    case 'closed': {
      const closed = closedDecision(input, verdict.closed, verdict.change?.name, revisions, shadow);
      const decision: Decision = verdict.isSecondary ? { ...closed, outcome: 'off', message: undefined } : closed;
      return {
        decision,
        reason: verdict.split ? 'SPLIT' : reasonOf(verdict.closed),
        exposed: undefined,
        rule: undefined,
      };
    }
  }
}

/** The evaluation of a missing or ordinary flag. */
export function undecidedEvaluation(detail: 'not_found' | 'plain', control: ControlView | undefined): Evaluation {
  const revisions = { flag: '', consent: control?.revision, policy: undefined };
  return {
    decision: { ...offDecision(undefined, undefined, revisions, NO_SHADOW), detail },
    reason: 'DISABLED',
    exposed: undefined,
    rule: undefined,
  };
}

function reasonOf({ gate }: ClosedGate): DecisionReason {
  return gate === 'flag' || gate === 'kill' ? 'DISABLED' : 'TARGETING_MATCH';
}

function openEvaluation(
  input: GateInput,
  verdict: OpenRule,
  revisions: Revisions,
  shadow: readonly ShadowRun[],
): Evaluation {
  const { feature, subject } = input;
  const { policy } = verdict.rule;
  const bands = effectiveBands(input, verdict);
  const decision: Decision = {
    outcome: 'enabled',
    enabled: true,
    gate: 'open',
    detail: undefined,
    feature: feature.name,
    change: verdict.change.name,
    variant: verdict.variant?.name,
    binding: verdict.variant?.binding,
    stage: policy.stage,
    mode: verdict.mode,
    bands,
    route: subject.confidence === undefined ? undefined : routeFor(verdict.mode, bands, subject.confidence),
    review: isReviewed(verdict, subject),
    fallback: policy.fallback,
    disclosure: policy.disclosure,
    paywall: undefined,
    message: undefined,
    shadow,
    limits: policy.maxPerHour === undefined ? NO_LIMITS : { maxPerHour: policy.maxPerHour },
    revisions,
  };
  return {
    decision,
    reason: verdict.split ? 'SPLIT' : 'TARGETING_MATCH',
    exposed: verdict.variant?.name,
    rule: verdict.rule,
  };
}

const NO_LIMITS = Object.freeze({ maxPerHour: undefined });

// Sampling needs a request id: without one, every output is reviewed.
function isReviewed({ change, rule }: OpenRule, { requestId }: Subject): boolean {
  const { humanReview } = rule.policy;
  if (humanReview <= 0) return false;
  return requestId === undefined || isSampled(requestId, `${change.name}:review`, humanReview);
}

function effectiveBands({ feature, subject, control }: GateInput, { change, rule }: OpenRule): Bands {
  let { bands } = rule.policy;
  if (control === undefined) return bands;
  if (control.tenant.bands !== undefined) bands = strictestBands(bands, control.tenant.bands);
  if (control.confidenceFloors.length === 0) return bands;
  const floor = highestFloor(control.confidenceFloors, { feature: feature.name, change: change.name, subject });
  return floor === undefined ? bands : strictestBands(bands, floor);
}

function shadowEvaluation(
  input: GateInput,
  verdict: OpenRule,
  revisions: Revisions,
  shadow: readonly ShadowRun[],
): Evaluation {
  const run = shadow.length > 0 ? undefined : shadowRun(verdict, input.subject);
  const runs = run === undefined ? shadow : [run];
  const closed = { gate: 'mode', detail: 'shadow' } as const;
  const decision: Decision = {
    ...closedDecision(input, closed, verdict.change.name, revisions, runs),
    outcome: 'shadow',
    stage: verdict.rule.policy.stage,
    mode: 'shadow',
  };
  return { decision, reason: verdict.split ? 'SPLIT' : 'TARGETING_MATCH', exposed: undefined, rule: undefined };
}

/**
 * The shadow run of a change. Sampling needs a request id: without one, only a change that shadows all traffic runs.
 * A holdout has no run.
 */
export function shadowRun({ change, rule, variant }: OpenRule, { requestId }: Subject): ShadowRun | undefined {
  if (variant?.name === HOLDOUT) return undefined;
  const { shadowSample } = rule.policy;
  const sampled =
    requestId === undefined ? shadowSample >= 100 : isSampled(requestId, `${change.name}:shadow`, shadowSample);
  return sampled ? { change: change.name, variant: variant?.name, binding: variant?.binding } : undefined;
}

function holdoutEvaluation(
  input: GateInput,
  verdict: OpenRule,
  revisions: Revisions,
  shadow: readonly ShadowRun[],
): Evaluation {
  const decision: Decision = {
    ...closedDecision(input, CLOSED_BY_HOLDOUT, verdict.change.name, revisions, shadow),
    variant: verdict.variant?.name,
    stage: verdict.rule.policy.stage,
  };
  return { decision, reason: 'SPLIT', exposed: verdict.variant?.name, rule: verdict.rule };
}

function obstacleDecision(
  input: GateInput,
  { type, closed, change }: Obstacle,
  revisions: Revisions,
  shadow: readonly ShadowRun[],
): Decision {
  const decision = closedDecision(input, closed, change?.name, revisions, shadow);
  decision.outcome = type;
  const { access } = input.feature;
  if (type === 'consent_required' || access?.minTier === undefined) return decision;
  const { tiers, subject } = input;
  const currentTier = tiers[tierRank(tiers, subject.tier ?? '')] ?? '';
  const message = `This feature needs the ${access.minTier} plan. You are on ${currentTier}.`;
  decision.paywall = { currentTier, requiredTier: access.minTier, upgradeUrl: access.upgradeUrl, message };
  return decision;
}

function featureOpen(feature: FeatureFlag, revisions: Revisions): Decision {
  return {
    ...offDecision(feature.name, undefined, revisions, NO_SHADOW),
    outcome: 'enabled',
    enabled: true,
    gate: 'open',
  };
}

// Filled in place before it is returned: copying a decision costs as much as several gates.
type MutableDecision = { -readonly [Name in keyof Decision]: Decision[Name] };

function closedDecision(
  { feature }: Pick<GateInput, 'feature'>,
  closed: ClosedGate,
  change: string | undefined,
  revisions: Revisions,
  shadow: readonly ShadowRun[],
): MutableDecision {
  const decision = offDecision(feature.name, change, revisions, shadow);
  decision.gate = closed.gate;
  decision.detail = closed.detail;
  if (closed.gate === 'kill' && closed !== NOT_LAUNCHED) {
    decision.outcome = 'unavailable';
    decision.message = feature.access?.unavailableMessage ?? DEFAULT_UNAVAILABLE_MESSAGE;
  }
  return decision;
}

function offDecision(
  feature: string | undefined,
  change: string | undefined,
  revisions: Revisions,
  shadow: readonly ShadowRun[],
): MutableDecision {
  return {
    outcome: 'off',
    enabled: false,
    gate: 'flag',
    detail: undefined,
    feature,
    change,
    variant: undefined,
    binding: undefined,
    stage: undefined,
    mode: undefined,
    bands: undefined,
    route: undefined,
    review: undefined,
    fallback: undefined,
    disclosure: undefined,
    paywall: undefined,
    message: undefined,
    shadow,
    limits: undefined,
    revisions,
  };
}
