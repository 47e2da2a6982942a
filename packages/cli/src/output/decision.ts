import type { Decision } from '@rampart/core';

/** One line of a decision: what, and its value. */
export type Fact = readonly [name: string, value: string];

/** What a decision says beside its outcome, absent parts left out. */
export function decisionFacts(decision: Decision): readonly Fact[] {
  const { change, feature, variant, binding, stage, mode, fallback, disclosure } = decision;
  const all: readonly (readonly [string, string | undefined])[] = [
    ['feature', feature],
    ['change', change],
    ['variant', variant],
    ['binding', binding === undefined ? undefined : JSON.stringify(binding)],
    ['stage', stage],
    ['mode', mode],
    ['bands', bandsOf(decision)],
    ['route', routeOf(decision)],
    ['review', decision.review === undefined ? undefined : decision.review ? 'a person checks this output' : 'none'],
    ['fallback', fallback],
    ['disclosure', disclosure],
    ['limits', limitsOf(decision)],
    ['paywall', paywallOf(decision)],
    ['message', decision.message ?? decision.paywall?.message],
    ['shadow', shadowOf(decision)],
  ];
  return all.filter((entry): entry is Fact => entry[1] !== undefined);
}

/** The revisions that a service reports with this decision. */
export function revisionsFact({ revisions }: Decision): Fact {
  const { flag, policy, consent } = revisions;
  return ['revisions', `flag ${flag || 'none'}, policy ${policy || 'none'}, consent ${consent ?? 'unknown'}`];
}

function bandsOf({ bands }: Decision): string | undefined {
  if (bands === undefined) return undefined;
  return `auto above ${bands.autoAbove}, confirm from ${bands.confirmFrom}, review from ${bands.reviewFrom}`;
}

function routeOf({ route, enabled, mode }: Decision): string | undefined {
  const open = enabled && mode !== undefined;
  return route ?? (open ? 'unknown until a confidence is known (--confidence)' : undefined);
}

function limitsOf({ limits }: Decision): string | undefined {
  return limits?.maxPerHour === undefined ? undefined : `${limits.maxPerHour} calls per tenant and hour`;
}

function paywallOf({ paywall }: Decision): string | undefined {
  if (paywall === undefined) return undefined;
  const { currentTier, requiredTier, upgradeUrl } = paywall;
  return `has ${currentTier}, needs ${requiredTier}${upgradeUrl === undefined ? '' : `, ${upgradeUrl}`}`;
}

function shadowOf({ shadow }: Decision): string | undefined {
  if (shadow.length === 0) return undefined;
  return shadow.map(({ change, variant }) => (variant === undefined ? change : `${change} (${variant})`)).join(', ');
}
