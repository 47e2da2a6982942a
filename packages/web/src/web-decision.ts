import type { Client, FlagMetadata, JsonValue } from '@openfeature/web-sdk';
import type { Fallback, Gate, Mode, Outcome, Paywall } from '@rampart/core';

/**
 * What a page may know of an AI decision: what to show, and nothing of models, prompts, or changes that it can't have.
 * Absent fields are absent, so that it can be written as JSON.
 */
export interface WebDecision {
  readonly outcome: Exclude<Outcome, 'shadow'>;
  readonly enabled: boolean;
  /** The gate that decided. */
  readonly gate?: Gate;
  /**
   * Why that gate closed; `unconfirmed` where nothing is known of this subject yet, or not any more; `no_decision` where the gateway
   * lists no such flag for this subject.
   */
  readonly detail?: string;
  readonly feature?: string;
  readonly change?: string;
  readonly variant?: string;
  /** The variant's payload, where it says of itself that it is public. */
  readonly binding?: JsonValue;
  /** How much the AI may do by itself. */
  readonly mode?: Mode;
  /** Whether a person checks this output. */
  readonly review?: boolean;
  readonly fallback?: Fallback;
  /** Text to show with every answer. */
  readonly disclosure?: string;
  /** What to show to someone whose plan is all that is missing. */
  readonly paywall?: Omit<Paywall, 'upgradeUrl'> & { readonly upgradeUrl?: string | undefined };
  /** Text for the person: why it is unavailable. */
  readonly message?: string;
  /** The position in the control log that this was decided at. */
  readonly consentRevision?: string;
  /** Ticket to give feedback with, once. */
  readonly feedback?: string;
}

/** The decision of someone who was given none: closed. */
export const NO_WEB_DECISION: WebDecision = Object.freeze({ outcome: 'off', enabled: false, detail: 'no_decision' });

/** The same while nothing is known of the present subject. */
export const UNCONFIRMED: WebDecision & { readonly detail: string } = Object.freeze({
  outcome: 'off',
  enabled: false,
  detail: 'unconfirmed',
});

const OUTCOMES: ReadonlySet<unknown> = new Set(['enabled', 'off', 'unavailable', 'consent_required', 'paywall']);
/** OpenFeature's words for a provider that can't be asked. */
const NOT_READY: ReadonlySet<unknown> = new Set(['PROVIDER_NOT_READY', 'PROVIDER_FATAL']);
const MODES: ReadonlySet<unknown> = new Set(['suggestion', 'confirmation', 'autonomous']);

/**
 * The decision in what OpenFeature gave: a client and a flag (`readWebDecision(client, 'ai.support-copilot')`), the details of any
 * `get…Details`, or the value of `getObjectValue`. From our web provider and from OFREP's alike. Never throws, and anything that is
 * no decision is closed, with the detail `unconfirmed` as long as nothing is known, and `no_decision` after.
 */
export function readWebDecision(client: Client, flag: string): WebDecision;
export function readWebDecision(answer: unknown): WebDecision;
export function readWebDecision(answer: unknown, flag?: string): WebDecision {
  if (flag !== undefined) return readWebDecision((answer as Client).getBooleanDetails(flag, false));
  if (!isRecord(answer)) return NO_WEB_DECISION;
  if (!('flagMetadata' in answer)) return fromRecord(answer);
  const { value, flagMetadata, errorCode } = answer;
  const fromValue = isRecord(value) ? fromRecord(value) : NO_WEB_DECISION;
  if (fromValue !== NO_WEB_DECISION) return fromValue;
  if (NOT_READY.has(errorCode)) return UNCONFIRMED;
  const decision = isRecord(flagMetadata) ? fromRecord(flagMetadata) : NO_WEB_DECISION;
  // Details of a failure carry the caller's default, which may be true: what was decided is in the metadata alone.
  return decision.enabled && value === false ? NO_WEB_DECISION : decision;
}

/** Reads the nested form of a decision, and the flat one of metadata. */
function fromRecord(source: Readonly<Record<string, unknown>>): WebDecision {
  const outcome = source['outcome'] === 'shadow' ? 'off' : source['outcome'];
  if (outcome === undefined && source['detail'] === UNCONFIRMED.detail) return UNCONFIRMED;
  if (outcome === 'off' && source['detail'] === NO_WEB_DECISION.detail) return NO_WEB_DECISION;
  if (!OUTCOMES.has(outcome)) return NO_WEB_DECISION;
  const enabled = outcome === 'enabled';
  if ('enabled' in source && source['enabled'] !== enabled) return NO_WEB_DECISION;
  const mode = source['mode'];
  if (enabled && mode !== undefined && !MODES.has(mode)) return NO_WEB_DECISION;
  const paywall = outcome === 'paywall' ? readPaywall(source['paywall'] ?? source) : undefined;
  const revision = isRecord(source['revisions']) ? source['revisions']['consent'] : source['consentRevision'];
  const texts = Object.fromEntries(
    ['gate', 'detail', 'feature', 'change', 'variant', 'mode', 'fallback', 'disclosure', 'message', 'feedback']
      .filter((name) => typeof source[name] === 'string')
      .map((name) => [name, source[name]]),
  );
  return {
    ...texts,
    outcome: outcome as WebDecision['outcome'],
    enabled,
    ...(enabled && source['binding'] !== undefined && { binding: source['binding'] as JsonValue }),
    ...(typeof source['review'] === 'boolean' && { review: source['review'] }),
    ...(paywall !== undefined && { paywall }),
    ...(typeof revision === 'string' && { consentRevision: revision }),
  };
}

function readPaywall(source: unknown): WebDecision['paywall'] {
  if (!isRecord(source)) return undefined;
  const { currentTier, requiredTier, upgradeUrl, message } = source;
  if (typeof requiredTier !== 'string') return undefined;
  return {
    currentTier: typeof currentTier === 'string' ? currentTier : '',
    requiredTier,
    ...(isWebAddress(upgradeUrl) && { upgradeUrl }),
    message: typeof message === 'string' ? message : '',
  };
}

/** It ends up in a link: a `javascript:` address must not. */
function isWebAddress(value: unknown): value is string {
  return typeof value === 'string' && /^https?:\/\//i.test(value);
}

/** The scalars of a decision as flag metadata, under the names that the server-side provider uses. */
export function metadataOf(decision: WebDecision): FlagMetadata {
  const { paywall, enabled: _value, binding: _payload, ...scalars } = decision;
  const metadata: FlagMetadata = {};
  for (const [name, value] of Object.entries({ ...scalars, ...paywall })) {
    if (value !== undefined) metadata[name] = value;
  }
  return metadata;
}

/** The decision as an OpenFeature object value. */
export const asJson = (decision: WebDecision): JsonValue => decision as unknown as JsonValue;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
