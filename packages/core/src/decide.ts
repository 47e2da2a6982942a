import { inSample } from './bucket.js';
import { type ControlView, covers } from './control.js';
import { type Decision, GATES, type Revisions, type ShadowRun } from './decision.js';
import {
  type ChangeFlag,
  type FeatureFlag,
  type Flag,
  type FlagSnapshot,
  type GatedFlag,
  HOLDOUT,
  type StageRule,
} from './flag.js';
import type { Closed, Question } from './gates.js';
import { type Bands, routeFor, strictestBands } from './modes.js';
import { DEFAULT_UNAVAILABLE_MESSAGE } from './parameters.js';
import { DEFAULT_TIERS, STAGES } from './stages.js';
import type { Subject } from './subject.js';
import { HELD_OUT, judge, lift, type Obstacle, type OpenRule, type Verdict } from './verdict.js';

/** The standard reasons that a decision can have. */
export type DecisionReason = 'DISABLED' | 'SPLIT' | 'TARGETING_MATCH';

/** A decision and what its caller reports about it. */
export interface Evaluation {
  readonly decision: Decision;
  readonly reason: DecisionReason;
  /** The variant to count as shown, holdouts included. */
  readonly exposed: string | undefined;
  /** The rule that opened, shadow and holdouts included. */
  readonly rule: StageRule | undefined;
}

/** What every evaluation shares. */
export interface DecideSettings {
  /** The tier ladder, lowest first. */
  readonly tiers: readonly string[];
}

export const DEFAULT_SETTINGS: DecideSettings = Object.freeze({ tiers: DEFAULT_TIERS });

/** Remembers verdicts on changes while many flags are decided for one subject at one moment. */
export type VerdictMemo = Map<ChangeFlag, Verdict>;

const NO_SHADOW: readonly ShadowRun[] = Object.freeze([]);

/**
 * Decides an AI flag for a subject. Asked of a feature, the answer is that of its open change at the earliest stage;
 * asked of a change, that change's; asked of a gated flag, its feature's gates 1 to 7.
 *
 * @param snapshot all flags at one moment
 * @param name the flag that is asked; a missing or plain one answers `off` at gate `flag`
 * @param control undefined where nothing fresh enough is known: closed
 */
export function decide(
  snapshot: FlagSnapshot,
  name: string,
  subject: Subject,
  control: ControlView | undefined,
  settings: DecideSettings = DEFAULT_SETTINGS,
  memo?: VerdictMemo,
): Evaluation {
  const given = snapshot.given?.(name, subject);
  if (given !== undefined) return given;
  const flag = snapshot.flag(name);
  if (flag === undefined || flag.kind === 'plain')
    return notDecided(flag === undefined ? 'not_found' : 'plain', control);
  const feature = featureOf(snapshot, flag);
  const question: Question = {
    feature,
    change: undefined,
    subject,
    control,
    tiers: settings.tiers,
    consentGiven: false,
  };
  if (flag.kind === 'change') return answer(question, flag.revision, judgeChange(question, flag, memo));
  if (flag.kind === 'gated') return answer(question, flag.revision, judgeGated(question, flag));
  const changes = snapshot.changesOf(flag.name);
  return changes.length === 0
    ? answer(question, flag.revision, judge(question))
    : answerFeature(question, changes, memo);
}

/** Asks a feature's own gates 1 to 7 alone, whatever changes it has. */
export function decideFeature(
  feature: FeatureFlag,
  subject: Subject,
  control: ControlView | undefined,
  { tiers }: DecideSettings = DEFAULT_SETTINGS,
): Evaluation {
  const question: Question = { feature, change: undefined, subject, control, tiers, consentGiven: false };
  return answer(question, feature.revision, judge(question));
}

/** The feature of a flag. One that can't be read, or whose feature can't be, gets a feature that is closed for that. */
export function featureOf(snapshot: FlagSnapshot, flag: Exclude<Flag, { kind: 'plain' }>): FeatureFlag {
  if (flag.kind === 'feature') return flag;
  const feature = flag.feature === undefined ? undefined : snapshot.flag(flag.feature);
  const known = feature?.kind === 'feature' ? feature : undefined;
  if (known !== undefined && (flag.kind === 'change' || flag.problems.length === 0)) return known;
  const { name, enabled, revision } = known ?? { name: flag.feature ?? flag.name, enabled: true, revision: '' };
  return { kind: 'feature', name, enabled, access: undefined, targeting: undefined, problems: flag.problems, revision };
}

function judgeGated(question: Question, flag: GatedFlag): Verdict {
  const verdict = judge(question);
  const killed = verdict.type === 'closed' && verdict.closed.gate === 'kill' && !verdict.lifted;
  if (flag.enabled || killed) return verdict;
  return { type: 'closed', closed: { gate: 'flag', detail: 'off' }, change: undefined, split: false, lifted: false };
}

function notDecided(detail: 'not_found' | 'plain', control: ControlView | undefined): Evaluation {
  const revisions = { flag: '', consent: control?.revision, policy: undefined };
  return {
    decision: { ...blank(undefined, undefined, revisions, NO_SHADOW), detail },
    reason: 'DISABLED',
    exposed: undefined,
    rule: undefined,
  };
}

function judgeChange(question: Question, change: ChangeFlag, memo: VerdictMemo | undefined): Verdict {
  const known = memo?.get(change);
  if (known !== undefined) return known;
  const verdict = judge({ ...question, change });
  memo?.set(change, verdict);
  return verdict;
}

function answerFeature(question: Question, changes: readonly ChangeFlag[], memo: VerdictMemo | undefined): Evaluation {
  let best: Verdict | undefined;
  let shadow: ShadowRun[] | undefined;
  for (const change of changes) {
    const verdict = judgeChange(question, change, memo);
    if (verdict.type === 'shadow') {
      const run = shadowRun(verdict, question.subject);
      if (run !== undefined) (shadow ??= []).push(run);
    }
    if (best === undefined || precedence(verdict) < precedence(best)) best = verdict;
  }
  const chosen = best === undefined ? judge(question) : unlessHeldOut(question, changes, best);
  return answer(question, revisionOf(chosen, question.feature), chosen, shadow ?? NO_SHADOW);
}

// Once paid or agreed, another change may come first and hold the subject out: then there is nothing to advertise.
function unlessHeldOut(question: Question, changes: readonly ChangeFlag[], best: Verdict): Verdict {
  if (changes.length < 2 || (best.type !== 'paywall' && best.type !== 'consent_required')) return best;
  const lifted = lift(question, best.type);
  const verdicts = changes.map((change) => judge({ ...lifted, change }));
  const then = verdicts.reduce((first, verdict) => (precedence(verdict) < precedence(first) ? verdict : first));
  if (then.type === 'holdout') return { type: 'closed', closed: HELD_OUT, change: then.change, split: true, lifted: true };
  const next = unlessHeldOut(lifted, changes, then);
  return next.type === 'closed' ? next : best;
}

function revisionOf(verdict: Verdict, feature: FeatureFlag): string {
  return verdict.type === 'feature' || verdict.change === undefined ? feature.revision : verdict.change.revision;
}

// The open change at the earliest stage, then what would open by paying or consenting, then shadow, then the furthest gate.
function precedence(verdict: Verdict): number {
  switch (verdict.type) {
    case 'open':
    case 'holdout':
      return STAGES.indexOf(verdict.rule.policy.stage);
    case 'feature':
      return 5;
    case 'consent_required':
    case 'paywall':
      return 6;
    case 'shadow':
      return 7;
    case 'closed':
      return 7 + GATES.length - GATES.indexOf(verdict.closed.gate);
  }
}

function answer(
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
  for (const floor of control.confidenceFloors) {
    if (covers(floor.scope, feature.name, change.name, subject)) bands = strictestBands(bands, floor.bands);
  }
  return bands;
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

// Without a request id nothing can be sampled: only a change that shadows all traffic runs. A holdout has nothing to run.
function shadowRun({ change, rule, variant }: OpenRule, { requestId }: Subject): ShadowRun | undefined {
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
  const currentTier = question.subject.tier ?? '';
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
  { gate, detail }: Closed,
  change: string | undefined,
  revisions: Revisions,
  shadow: readonly ShadowRun[],
): Draft {
  const decision = blank(feature.name, change, revisions, shadow);
  decision.gate = gate;
  decision.detail = detail;
  if (gate === 'kill') {
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
