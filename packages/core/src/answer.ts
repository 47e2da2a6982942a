import { inSample } from './bucket.js';
import type { ControlView } from './control.js';
import type { Decision, Revisions, ShadowRun } from './decision.js';
import { type DecisionReason, type Evaluation, type FeatureFlag, HOLDOUT } from './flag.js';
import { type Closed, NOT_LAUNCHED, type Question } from './gates.js';
import { type Bands, routeFor, strictestBands } from './modes.js';
import { DEFAULT_UNAVAILABLE_MESSAGE } from './parameters.js';
import { highestFloor } from './scoped-control.js';
import type { Subject } from './subject.js';
import { tierRank } from './tiers.js';
import { HELD_OUT, type Obstacle, type OpenRule, type Verdict } from './verdict.js';

export const NO_SHADOW: readonly ShadowRun[] = Object.freeze([]);

/** What a verdict means to whoever asked: the whole decision, its reason, and what to count as shown. */
export function answer(
  question: Question,
  revision: string,
  verdict: Verdict,
  shadow: readonly ShadowRun[] = NO_SHADOW,
): Evaluation {
  const { feature, control } = question;
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
      return answerOpen(question, verdict, revisions, shadow);
    case 'shadow':
      return answerShadow(question, verdict, revisions, shadow);
    case 'holdout':
      return answerHoldout(question, verdict, revisions, shadow);
    case 'paywall':
    case 'consent_required':
      return {
        decision: obstacleDecision(question, verdict, revisions, shadow),
        reason: 'TARGETING_MATCH',
        exposed: undefined,
        rule: undefined,
      };
    case 'closed': {
      const found = closedDecision(question, verdict.closed, verdict.change?.name, revisions, shadow);
      const decision: Decision = verdict.lifted ? { ...found, outcome: 'off', message: undefined } : found;
      return {
        decision,
        reason: verdict.split ? 'SPLIT' : reasonOf(verdict.closed),
        exposed: undefined,
        rule: undefined,
      };
    }
  }
}

/** The evaluation of a flag that core has nothing to say of. */
export function notDecided(detail: 'not_found' | 'plain', control: ControlView | undefined): Evaluation {
  const revisions = { flag: '', consent: control?.revision, policy: undefined };
  return {
    decision: { ...blank(undefined, undefined, revisions, NO_SHADOW), detail },
    reason: 'DISABLED',
    exposed: undefined,
    rule: undefined,
  };
}

function reasonOf({ gate }: Closed): DecisionReason {
  return gate === 'flag' || gate === 'kill' ? 'DISABLED' : 'TARGETING_MATCH';
}

function answerOpen(
  question: Question,
  verdict: OpenRule,
  revisions: Revisions,
  shadow: readonly ShadowRun[],
): Evaluation {
  const { feature, subject } = question;
  const { policy } = verdict.rule;
  const bands = effectiveBands(question, verdict);
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

// Without a request id nothing can be sampled: every output that might be in the sample is checked.
function isReviewed({ change, rule }: OpenRule, { requestId }: Subject): boolean {
  const { humanReview } = rule.policy;
  if (humanReview <= 0) return false;
  return requestId === undefined || inSample(requestId, `${change.name}:review`, humanReview);
}

function effectiveBands({ feature, subject, control }: Question, { change, rule }: OpenRule): Bands {
  let { bands } = rule.policy;
  if (control === undefined) return bands;
  if (control.tenant.bands !== undefined) bands = strictestBands(bands, control.tenant.bands);
  if (control.confidenceFloors.length === 0) return bands;
  const floor = highestFloor(control.confidenceFloors, { feature: feature.name, change: change.name, subject });
  return floor === undefined ? bands : strictestBands(bands, floor);
}

function answerShadow(
  question: Question,
  verdict: OpenRule,
  revisions: Revisions,
  shadow: readonly ShadowRun[],
): Evaluation {
  const run = shadow.length > 0 ? undefined : shadowRun(verdict, question.subject);
  const runs = run === undefined ? shadow : [run];
  const closed = { gate: 'mode', detail: 'shadow' } as const;
  const decision: Decision = {
    ...closedDecision(question, closed, verdict.change.name, revisions, runs),
    outcome: 'shadow',
    stage: verdict.rule.policy.stage,
    mode: 'shadow',
  };
  return { decision, reason: verdict.split ? 'SPLIT' : 'TARGETING_MATCH', exposed: undefined, rule: undefined };
}

/**
 * The run of a change in shadow. Without a request id nothing can be sampled: only a change that shadows all traffic runs.
 * A holdout has nothing to run.
 */
export function shadowRun({ change, rule, variant }: OpenRule, { requestId }: Subject): ShadowRun | undefined {
  if (variant?.name === HOLDOUT) return undefined;
  const { shadowSample } = rule.policy;
  const sampled =
    requestId === undefined ? shadowSample >= 100 : inSample(requestId, `${change.name}:shadow`, shadowSample);
  return sampled ? { change: change.name, variant: variant?.name, binding: variant?.binding } : undefined;
}

function answerHoldout(
  question: Question,
  verdict: OpenRule,
  revisions: Revisions,
  shadow: readonly ShadowRun[],
): Evaluation {
  const decision: Decision = {
    ...closedDecision(question, HELD_OUT, verdict.change.name, revisions, shadow),
    variant: verdict.variant?.name,
    stage: verdict.rule.policy.stage,
  };
  return { decision, reason: 'SPLIT', exposed: verdict.variant?.name, rule: verdict.rule };
}

function obstacleDecision(
  question: Question,
  { type, closed, change }: Obstacle,
  revisions: Revisions,
  shadow: readonly ShadowRun[],
): Decision {
  const decision = closedDecision(question, closed, change?.name, revisions, shadow);
  decision.outcome = type;
  const { access } = question.feature;
  if (type === 'consent_required' || access?.minTier === undefined) return decision;
  const { tiers, subject } = question;
  const currentTier = tiers[tierRank(tiers, subject.tier ?? '')] ?? '';
  const message = `This feature needs the ${access.minTier} plan. You are on ${currentTier}.`;
  decision.paywall = { currentTier, requiredTier: access.minTier, upgradeUrl: access.upgradeUrl, message };
  return decision;
}

function featureOpen(feature: FeatureFlag, revisions: Revisions): Decision {
  return { ...blank(feature.name, undefined, revisions, NO_SHADOW), outcome: 'enabled', enabled: true, gate: 'open' };
}

// Filled in place before anyone sees it: copying a decision costs as much as several gates.
type Draft = { -readonly [Name in keyof Decision]: Decision[Name] };

function closedDecision(
  { feature }: Pick<Question, 'feature'>,
  closed: Closed,
  change: string | undefined,
  revisions: Revisions,
  shadow: readonly ShadowRun[],
): Draft {
  const decision = blank(feature.name, change, revisions, shadow);
  decision.gate = closed.gate;
  decision.detail = closed.detail;
  if (closed.gate === 'kill' && closed !== NOT_LAUNCHED) {
    decision.outcome = 'unavailable';
    decision.message = feature.access?.unavailableMessage ?? DEFAULT_UNAVAILABLE_MESSAGE;
  }
  return decision;
}

function blank(
  feature: string | undefined,
  change: string | undefined,
  revisions: Revisions,
  shadow: readonly ShadowRun[],
): Draft {
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
