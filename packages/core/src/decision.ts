import type { JsonValue } from './json.js';
import { type Bands, type Mode, type Route, routeFor } from './modes.js';
import type { Fallback } from './parameters.js';
import type { Stage } from './stages.js';

/** The gates in the order in which they are named when several close. `config` stands for a flag that can't be read. */
export const GATES = [
  'flag',
  'kill',
  'config',
  'force_off',
  'exclusion',
  'consent',
  'targeting',
  'tier',
  'stage',
  'region',
  'task',
  'rollout',
  'mode',
  'open',
] as const;
export type Gate = (typeof GATES)[number];

/** How a client presents the decision. */
export type Outcome = 'enabled' | 'off' | 'unavailable' | 'consent_required' | 'paywall' | 'shadow';

/** What to show to someone whose tier is all that is missing. */
export interface Paywall {
  readonly currentTier: string;
  readonly requiredTier: string;
  readonly upgradeUrl: string | undefined;
  readonly message: string;
}

/** A change to run beside the answer, its output never shown. */
export interface ShadowRun {
  readonly change: string;
  readonly variant: string | undefined;
  readonly binding: JsonValue | undefined;
}

/** What to hold to when calling the model. */
export interface Limits {
  /** AI calls per tenant and hour; undefined: no limit. */
  readonly maxPerHour: number | undefined;
}

/** What the decision was made from. */
export interface Revisions {
  /** The flag that was asked, or the change that answered; empty where the flag is missing. */
  readonly flag: string;
  /** The position of the control log; undefined where nothing fresh enough is known. */
  readonly consent: string | undefined;
  /** The feature's policy; undefined where there is no readable feature. */
  readonly policy: string | undefined;
}

/** An AI rollout decision that explains itself. Serialises to plain JSON. */
export interface Decision {
  readonly outcome: Outcome;
  readonly enabled: boolean;
  /** The gate that decided; `open` where all are. */
  readonly gate: Gate;
  /** Why that gate closed, e.g. `unset`, `opted_out`, `tier_too_low`, `missing`. */
  readonly detail: string | undefined;
  readonly feature: string | undefined;
  readonly change: string | undefined;
  readonly variant: string | undefined;
  readonly binding: JsonValue | undefined;
  readonly stage: Stage | undefined;
  readonly mode: Mode | undefined;
  readonly bands: Bands | undefined;
  /** Where this answer goes; absent until a confidence is known. */
  readonly route: Route | undefined;
  /** Whether a person checks this output. */
  readonly review: boolean | undefined;
  readonly fallback: Fallback | undefined;
  /** Text to show with every answer. */
  readonly disclosure: string | undefined;
  readonly paywall: Paywall | undefined;
  /** Text for the person: the unavailable message. */
  readonly message: string | undefined;
  /** Changes to run in parallel for this request. */
  readonly shadow: readonly ShadowRun[];
  readonly limits: Limits | undefined;
  readonly revisions: Revisions;
}

const OUTCOMES: ReadonlySet<unknown> = new Set<Outcome>([
  'enabled',
  'off',
  'unavailable',
  'consent_required',
  'paywall',
  'shadow',
]);

/** The decision of someone who was given none: closed. */
export const NO_DECISION: Decision = Object.freeze({
  outcome: 'off',
  enabled: false,
  gate: 'flag',
  detail: 'no_decision',
  feature: undefined,
  change: undefined,
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
  shadow: Object.freeze([]),
  limits: undefined,
  revisions: Object.freeze({ flag: '', consent: undefined, policy: undefined }),
});

/**
 * Reads what `getObjectValue` returned. Anything that is no decision (the caller's default, from a provider that never became
 * ready, or for a missing flag) is {@link NO_DECISION}: off.
 */
export function readDecision(value: unknown): Decision {
  if (typeof value !== 'object' || value === null) return NO_DECISION;
  const { outcome, enabled, gate, revisions, shadow } = value as Partial<Decision>;
  const whole =
    OUTCOMES.has(outcome) && GATES.some((known) => known === gate) && Array.isArray(shadow) && revisions !== undefined;
  return whole && enabled === (outcome === 'enabled') ? (value as Decision) : NO_DECISION;
}

/**
 * The route of one output by the model's confidence (0..1; anything else goes to a human).
 * A decision that is not enabled routes to a human.
 */
export function routeConfidence(decision: Pick<Decision, 'enabled' | 'mode' | 'bands'>, confidence: unknown): Route {
  const { enabled, mode, bands } = decision;
  return enabled && mode !== undefined && bands !== undefined ? routeFor(mode, bands, confidence) : 'human';
}
