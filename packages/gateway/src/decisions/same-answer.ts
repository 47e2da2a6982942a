import type { Decision } from '@rampart/core';
import type { AiAnswer, PlainAnswer } from '@rampart/sdk';

/** Whether two answers of an ordinary flag say the same. Two rules of it may give one variant name different payloads. */
export function isSamePlain({ enabled, reason, variant: one }: PlainAnswer, other: PlainAnswer): boolean {
  const { variant } = other;
  return (
    enabled === other.enabled &&
    reason === other.reason &&
    one.name === variant.name &&
    one.enabled === variant.enabled &&
    one.payload?.value === variant.payload?.value &&
    one.payload?.type === variant.payload?.type
  );
}

/** Whether a service is told the same of an AI flag, but for whom it is about. */
export function isSameAi(one: AiAnswer, other: AiAnswer): boolean {
  return one.reason === other.reason && one.flagKind === other.flagKind && isSameDecision(one.decision, other.decision);
}

/**
 * Whether a service is told the same of two decisions. Bindings and shadows are not compared: a boolean answer has neither.
 *
 * Written out, because it is asked for each flag of each list: a loop over names costs several times as much.
 */
export function isSameDecision(one: Decision, other: Decision): boolean {
  return (
    one.outcome === other.outcome &&
    one.enabled === other.enabled &&
    one.gate === other.gate &&
    one.detail === other.detail &&
    one.feature === other.feature &&
    one.change === other.change &&
    one.variant === other.variant &&
    one.stage === other.stage &&
    one.mode === other.mode &&
    one.route === other.route &&
    one.review === other.review &&
    one.fallback === other.fallback &&
    one.disclosure === other.disclosure &&
    one.message === other.message &&
    one.limits?.maxPerHour === other.limits?.maxPerHour &&
    haveSameRevisions(one, other) &&
    haveSameBands(one, other) &&
    haveSamePaywall(one, other)
  );
}

function haveSameRevisions({ revisions: one }: Decision, { revisions: other }: Decision): boolean {
  return one.flag === other.flag && one.consent === other.consent && one.policy === other.policy;
}

function haveSameBands({ bands: one }: Decision, { bands: other }: Decision): boolean {
  return (
    one?.autoAbove === other?.autoAbove &&
    one?.confirmFrom === other?.confirmFrom &&
    one?.reviewFrom === other?.reviewFrom
  );
}

function haveSamePaywall({ paywall: one }: Decision, { paywall: other }: Decision): boolean {
  return (
    one?.currentTier === other?.currentTier &&
    one?.requiredTier === other?.requiredTier &&
    one?.upgradeUrl === other?.upgradeUrl &&
    one?.message === other?.message
  );
}
