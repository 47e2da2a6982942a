import { isAskable } from './consent.js';
import type { ControlView } from './control.js';
import { GATES } from './decision.js';
import { type ChangeFlag, HOLDOUT, type StageRule, type Variant } from './flag.js';
import {
  type ClosedGate,
  configGate,
  consentGate,
  exclusionGate,
  flagGate,
  forceOffGate,
  type GateInput,
  isPercentageApplied,
  killGate,
  regionGate,
  rolloutGate,
  stageGate,
  targetingGate,
  taskGate,
  tierGate,
} from './gates.js';
import { readFact } from './list.js';
import { type Mode, minMode } from './modes.js';
import type { AccessPolicy } from './parameters.js';
import { minCap } from './scoped-control.js';

/** The result of all gates for one input. */
export type Verdict = ClosedVerdict | { readonly type: 'feature' } | OpenRule | Obstacle;

interface ClosedVerdict {
  readonly type: 'closed';
  readonly closed: ClosedGate;
  readonly change: ChangeFlag | undefined;
  /** Whether a percentage or a variant split decided. */
  readonly split: boolean;
  /** Whether this gate closes only once the missing tier or consent is assumed: the outcome is `off`. */
  readonly isSecondary: boolean;
}

/** A rule whose gates are all open. Its output is not shown in mode `shadow`, nor for a holdout variant. */
export interface OpenRule {
  readonly type: 'open' | 'shadow' | 'holdout';
  readonly change: ChangeFlag;
  readonly rule: StageRule;
  readonly mode: Mode;
  readonly variant: Variant | undefined;
  /** Whether a percentage or a variant split decided. */
  readonly split: boolean;
}

/** A missing tier or consent without which all gates would be open. */
export interface Obstacle {
  readonly type: 'paywall' | 'consent_required';
  readonly closed: ClosedGate;
  readonly change: ChangeFlag | undefined;
}

/**
 * Evaluates all gates in their order. If a missing tier or a missing consent closes, all gates are evaluated again as if it
 * were there: if all open, it is the only obstacle; otherwise the verdict names the gate that then closes.
 */
export function evaluateGates(input: GateInput): Verdict {
  const verdict = evaluateOnce(input);
  if (verdict.type !== 'closed') return verdict;
  const { closed } = verdict;
  if (closed.gate === 'tier' && closed.detail === 'tier_too_low') return soleObstacle(input, 'paywall', closed);
  if (closed.gate === 'consent' && isAskable(closed.detail)) return soleObstacle(input, 'consent_required', closed);
  return verdict;
}

function soleObstacle(input: GateInput, type: Obstacle['type'], closed: ClosedGate): Verdict {
  const lifted = withoutObstacle(input, type);
  const verdict = evaluateOnce(lifted);
  if (verdict.type === 'open' || verdict.type === 'feature') return { type, closed, change: input.change };
  const { gate, detail } =
    verdict.type === 'closed' ? verdict.closed : NOT_ELIGIBLE[verdict.type as 'shadow' | 'holdout'];
  if (gate !== 'tier' || detail !== 'tier_too_low' || type === 'paywall') {
    return { ...closedVerdict(input, { gate, detail }), isSecondary: true };
  }
  // With the consent, the tier closes: answer the paywall next, if it is the last obstacle.
  const paid = soleObstacle(lifted, 'paywall', closed);
  return paid.type === 'paywall' ? { type, closed, change: input.change } : paid;
}

/** The gate of a subject whose variant is a holdout. */
export const CLOSED_BY_HOLDOUT: ClosedGate = Object.freeze({ gate: 'rollout', detail: 'holdout' });

const NOT_ELIGIBLE: Readonly<Record<'shadow' | 'holdout', ClosedGate>> = {
  shadow: { gate: 'mode', detail: 'shadow' },
  holdout: CLOSED_BY_HOLDOUT,
};

/** The input as if the subject had the lowest entitled tier, or as if the missing consent were recorded. */
export function withoutObstacle(input: GateInput, obstacle: Obstacle['type']): GateInput {
  return obstacle === 'paywall' ? withTier(input) : { ...input, consentGiven: true };
}

function withTier(input: GateInput): GateInput {
  const { subject, feature } = input;
  const tier = feature.access?.minTier;
  const { attributes, stated, tierAttribute } = subject;
  // Constraints read facts by Rampart's names; a renamed attribute has to change as well.
  const changed = tierAttribute === 'tier' ? attributes : { ...attributes, [tierAttribute]: tier };
  return {
    ...input,
    subject: { ...subject, tier: readFact(tier), attributes: changed, stated: { ...stated, tier } },
  };
}

function evaluateOnce(input: GateInput): Verdict {
  const early = killGate(input) ?? flagGate(input) ?? configGate(input);
  const { access } = input.feature;
  if (early !== undefined || access === undefined)
    return closedVerdict(input, early ?? { gate: 'config', detail: 'aiAccess' });
  const listed = forceOffGate(input, access) ?? exclusionGate(input, access);
  if (listed !== undefined) return closedVerdict(input, listed);
  const { change } = input;
  if (change !== undefined) return evaluateRules(input, access, change);
  const closed = consentGate(input, access, undefined) ?? targetingGate(input, undefined) ?? tierGate(input, access);
  return closed === undefined ? { type: 'feature' } : closedVerdict(input, closed);
}

function closedVerdict({ change }: GateInput, closed: ClosedGate): ClosedVerdict {
  return { type: 'closed', closed, change, split: closed.gate === 'rollout', isSecondary: false };
}

// A rule that opens outside shadow wins over one in shadow; of several, the first. If none opens, the gate closest to the end is named.
function evaluateRules(input: GateInput, access: AccessPolicy, change: ChangeFlag): Verdict {
  let furthest: ClosedGate | undefined;
  let shadow: StageRule | undefined;
  for (const rule of change.rules) {
    const closed = evaluateRule(input, access, rule);
    if (closed === undefined) {
      const mode = effectiveMode(input, access, rule);
      if (mode !== 'shadow') return opened(input, change, rule, mode);
      shadow ??= rule;
    } else if (furthest === undefined || GATES.indexOf(closed.gate) > GATES.indexOf(furthest.gate)) {
      furthest = closed;
    }
  }
  if (shadow !== undefined) return opened(input, change, shadow, 'shadow');
  return closedVerdict(input, furthest ?? { gate: 'config', detail: 'strategies' });
}

function evaluateRule(input: GateInput, access: AccessPolicy, rule: StageRule): ClosedGate | undefined {
  return (
    consentGate(input, access, rule.policy) ??
    targetingGate(input, rule) ??
    tierGate(input, access) ??
    stageGate(input, rule) ??
    regionGate(input, rule) ??
    taskGate(input, rule) ??
    rolloutGate(input, rule)
  );
}

function opened(input: GateInput, change: ChangeFlag, rule: StageRule, mode: Mode): Verdict {
  const variant = rule.select?.(input.subject);
  if (variant?.problem !== undefined) return closedVerdict(input, { gate: 'config', detail: variant.problem.field });
  const split = rule.variants.length > 1 || isPercentageApplied(input, rule.policy);
  if (mode === 'shadow') return { type: 'shadow', change, rule, mode, variant, split };
  return { type: variant?.name === HOLDOUT ? 'holdout' : 'open', change, rule, mode, variant, split };
}

/** Gate 12: the least automatic of the change's mode, the feature's cap, the tenant's choice and all emergency caps. */
export function effectiveMode(
  { feature, change, subject, control }: GateInput,
  access: AccessPolicy,
  rule: StageRule,
): Mode {
  let mode = minMode(rule.policy.mode, access.maxMode);
  if (control === undefined) return 'shadow';
  if (control.tenant.mode !== undefined) mode = minMode(mode, control.tenant.mode);
  if (control.modeCaps.length > 0) {
    const cap = minCap(control.modeCaps, { feature: feature.name, change: change?.name, subject });
    if (cap !== undefined) mode = minMode(mode, cap);
  }
  return mode === 'autonomous' && !isCalibrated(control, change?.name, access.maxCalibrationError)
    ? 'confirmation'
    : mode;
}

function isCalibrated(control: ControlView, change: string | undefined, maxError: number): boolean {
  const error = change === undefined ? undefined : control.calibrations.get(change);
  return error !== undefined && error <= maxError;
}
