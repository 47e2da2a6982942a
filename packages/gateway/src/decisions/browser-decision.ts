import type { Decision, Gate, JsonValue, Mode, Paywall } from '@rampart/core';

/** What a page is shown of a decision: enough to draw itself, nothing that a competitor would like to read. */
export interface BrowserDecision {
  readonly outcome: 'enabled' | 'off' | 'unavailable' | 'consent_required' | 'paywall';
  readonly enabled: boolean;
  /** The gate that decided; absent where it would tell of something that isn't shown. */
  readonly gate?: Gate | undefined;
  readonly detail?: string | undefined;
  readonly feature?: string | undefined;
  readonly change?: string | undefined;
  readonly variant?: string | undefined;
  /** The variant's payload, where it says of itself that it is `public`. */
  readonly binding?: JsonValue | undefined;
  readonly mode?: Mode | undefined;
  readonly review?: boolean | undefined;
  readonly fallback?: Decision['fallback'];
  readonly disclosure?: string | undefined;
  readonly paywall?: Paywall | undefined;
  readonly message?: string | undefined;
  readonly revisions: { readonly consent?: string | undefined };
  /** A ticket, to say once whether it helped. Absent where nobody is known to say it. */
  readonly feedback?: string | undefined;
}

/** A decision as a page may see it. A shadow run is nothing to a page: it looks off, as anything that is off. */
export function browserDecision(decision: Decision, feedback?: string): BrowserDecision {
  const { enabled, outcome, binding, feature } = decision;
  const reason = reasonOf(decision);
  if (outcome === 'shadow' || outcome === 'off')
    return { outcome: 'off', enabled, ...reason, feature, revisions: { consent: decision.revisions.consent } };
  return {
    outcome,
    enabled,
    ...reason,
    feature,
    change: enabled ? decision.change : undefined,
    variant: enabled ? decision.variant : undefined,
    binding: enabled && isPublic(binding) ? binding : undefined,
    mode: enabled ? decision.mode : undefined,
    review: decision.review,
    fallback: decision.fallback,
    disclosure: decision.disclosure,
    paywall: decision.paywall,
    message: decision.message,
    revisions: { consent: decision.revisions.consent },
    feedback: enabled ? feedback : undefined,
  };
}

/**
 * Why it is closed, where that is the user's or the tenant's own affair. Anything else would tell of what they can't have:
 * the stage of a change, a label that is kept of them, that a shadow runs.
 */
function reasonOf({ enabled, outcome, gate, detail }: Decision): Pick<BrowserDecision, 'gate' | 'detail'> {
  if (enabled || outcome === 'unavailable') return { gate };
  const isOwn = gate === 'consent' || gate === 'tier' || (gate === 'exclusion' && detail === 'opted_out');
  return isOwn ? { gate, detail } : {};
}

/** Whether a variant's payload says of itself that anybody may read it. */
export function isPublic(binding: unknown): boolean {
  return (
    typeof binding === 'object' &&
    binding !== null &&
    !Array.isArray(binding) &&
    Object.hasOwn(binding, 'public') &&
    (binding as { public: unknown }).public === true
  );
}
