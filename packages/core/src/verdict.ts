import { isAskable } from './consent.js';
import type { ControlView } from './control.js';
import { GATES } from './decision.js';
import { type ChangeFlag, HOLDOUT, type StageRule, type Variant } from './flag.js';
import {
  type Closed,
  configGate,
  consentGate,
  dependsOnShare,
  exclusionGate,
  flagGate,
  forceOffGate,
  killGate,
  type Question,
  regionGate,
  rolloutGate,
  stageGate,
  targetingGate,
  taskGate,
  tierGate,
} from './gates.js';
import { readFact } from './list.js';
import { leastMode, type Mode } from './modes.js';
import type { AccessPolicy } from './parameters.js';
import { leastCap } from './scoped-control.js';

/** What the gates say of one question. */
export type Verdict = Shut | { readonly type: 'feature' } | OpenRule | Obstacle;

/** A gate that closed. */
interface Shut {
  readonly type: 'closed';
  readonly closed: Closed;
  readonly change: ChangeFlag | undefined;
  /** Whether a percentage or a variant split decided. */
  readonly split: boolean;
  /** Whether it closed only after a tier or consent was put in place: named, and no more than `off`. */
  readonly lifted: boolean;
}

/** A rule whose gates are all open; in mode `shadow` nothing of it is shown. */
export interface OpenRule {
  readonly type: 'open' | 'shadow' | 'holdout';
  readonly change: ChangeFlag;
  readonly rule: StageRule;
  readonly mode: Mode;
  readonly variant: Variant | undefined;
  /** Whether a percentage or a variant split decided. */
  readonly split: boolean;
}

/** A sole obstacle: lifting it alone would open everything else. */
export interface Obstacle {
  readonly type: 'paywall' | 'consent_required';
  readonly closed: Closed;
  readonly change: ChangeFlag | undefined;
}

/**
 * Asks all gates in their order. Where only a tier or a consent that could be given closes, every gate is tried again with
 * that in place: if all open, it is the sole obstacle, else the gate that then closes is named.
 */
export function judge(question: Question): Verdict {
  const verdict = pass(question);
  if (verdict.type !== 'closed') return verdict;
  const { closed } = verdict;
  if (closed.gate === 'tier' && closed.detail === 'below') return alone(question, 'paywall', closed);
  if (closed.gate === 'consent' && isAskable(closed.detail)) return alone(question, 'consent_required', closed);
  return verdict;
}

function alone(question: Question, type: Obstacle['type'], closed: Closed): Verdict {
  const lifted = lift(question, type);
  const verdict = pass(lifted);
  if (verdict.type === 'open' || verdict.type === 'feature') return { type, closed, change: question.change };
  const { gate, detail } = verdict.type === 'closed' ? verdict.closed : NOT_SHOWN[verdict.type as 'shadow' | 'holdout'];
  if (gate !== 'tier' || detail !== 'below' || type === 'paywall') {
    return { ...shut(question, { gate, detail }), lifted: true };
  }
  // Consent is in place and the tier closes: a paywall is the next answer, if it would be the last.
  const paid = alone(lifted, 'paywall', closed);
  return paid.type === 'paywall' ? { type, closed, change: question.change } : paid;
}

/** What closes where the subject's variant is a holdout. */
export const HELD_OUT: Closed = Object.freeze({ gate: 'rollout', detail: 'holdout' });

const NOT_SHOWN: Readonly<Record<'shadow' | 'holdout', Closed>> = {
  shadow: { gate: 'mode', detail: 'shadow' },
  holdout: HELD_OUT,
};

/** The same question with the lowest entitled tier, or with the consent that could be given. */
export function lift(question: Question, obstacle: Obstacle['type']): Question {
  return obstacle === 'paywall' ? withTier(question) : { ...question, consentGiven: true };
}

function withTier(question: Question): Question {
  const { subject, feature } = question;
  const tier = feature.access?.minTier;
  const { attributes, stated, tierAttribute } = subject;
  // Constraints see the facts under their own names by themselves; a name of the caller's own is theirs to see too.
  const seen = tierAttribute === 'tier' ? attributes : { ...attributes, [tierAttribute]: tier };
  return {
    ...question,
    subject: { ...subject, tier: readFact(tier), attributes: seen, stated: { ...stated, tier } },
  };
}

function pass(question: Question): Verdict {
  const early = killGate(question) ?? flagGate(question) ?? configGate(question);
  const { access } = question.feature;
  if (early !== undefined || access === undefined)
    return shut(question, early ?? { gate: 'config', detail: 'aiAccess' });
  const known = forceOffGate(question, access) ?? exclusionGate(question, access);
  if (known !== undefined) return shut(question, known);
  const { change } = question;
  if (change !== undefined) return passRules(question, access, change);
  const found =
    consentGate(question, access, undefined) ?? targetingGate(question, undefined) ?? tierGate(question, access);
  return found === undefined ? { type: 'feature' } : shut(question, found);
}

function shut({ change }: Question, closed: Closed): Shut {
  return { type: 'closed', closed, change, split: closed.gate === 'rollout', lifted: false };
}

// A rule open outside shadow beats one in shadow; among equals the first wins. If none opens, the furthest names the gate.
function passRules(question: Question, access: AccessPolicy, change: ChangeFlag): Verdict {
  let furthest: Closed | undefined;
  let shadow: StageRule | undefined;
  for (const rule of change.rules) {
    const found = judgeRule(question, access, rule);
    if (found === undefined) {
      const mode = effectiveMode(question, access, rule);
      if (mode !== 'shadow') return opened(question, change, rule, mode);
      shadow ??= rule;
    } else if (furthest === undefined || GATES.indexOf(found.gate) > GATES.indexOf(furthest.gate)) {
      furthest = found;
    }
  }
  if (shadow !== undefined) return opened(question, change, shadow, 'shadow');
  return shut(question, furthest ?? { gate: 'config', detail: 'strategies' });
}

function judgeRule(question: Question, access: AccessPolicy, rule: StageRule): Closed | undefined {
  return (
    consentGate(question, access, rule.policy) ??
    targetingGate(question, rule) ??
    tierGate(question, access) ??
    stageGate(question, rule) ??
    regionGate(question, rule) ??
    taskGate(question, rule) ??
    rolloutGate(question, rule)
  );
}

function opened(question: Question, change: ChangeFlag, rule: StageRule, mode: Mode): Verdict {
  const variant = rule.select?.(question.subject);
  if (variant?.problem !== undefined) return shut(question, { gate: 'config', detail: variant.problem.field });
  const split = rule.variants.length > 1 || dependsOnShare(question, rule.policy);
  if (mode === 'shadow') return { type: 'shadow', change, rule, mode, variant, split };
  return { type: variant?.name === HOLDOUT ? 'holdout' : 'open', change, rule, mode, variant, split };
}

/** Gate 12: the least of the change's mode, the feature's cap, the tenant's own choice and any emergency cap. */
export function effectiveMode(
  { feature, change, subject, control }: Question,
  access: AccessPolicy,
  rule: StageRule,
): Mode {
  let mode = leastMode(rule.policy.mode, access.maxMode);
  if (control === undefined) return 'shadow';
  if (control.tenant.mode !== undefined) mode = leastMode(mode, control.tenant.mode);
  if (control.modeCaps.length > 0) {
    const cap = leastCap(control.modeCaps, { feature: feature.name, change: change?.name, subject });
    if (cap !== undefined) mode = leastMode(mode, cap);
  }
  return mode === 'autonomous' && !isCalibrated(control, change?.name, access.maxCalibrationError)
    ? 'confirmation'
    : mode;
}

function isCalibrated(control: ControlView, change: string | undefined, most: number): boolean {
  const error = change === undefined ? undefined : control.calibrations.get(change);
  return error !== undefined && error <= most;
}
