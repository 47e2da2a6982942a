import type { JsonValue } from '@rampart/core';
import { type AiAnswer, metadataOf, type PlainAnswer, type Reason, typedValue, type ValueType } from '@rampart/sdk';
import { type BrowserDecision, browserDecision, isPublic } from '../decisions/browser-decision.js';

/** A key as it was asked, e.g. `ai.copilot:object`: a flag's name, and the type that its value is wanted in. */
export interface AskedKey {
  readonly key: string;
  readonly name: string;
  /** Undefined: the flag's own. */
  readonly type: ValueType | undefined;
}

/** An answer as OFREP writes it. Without a value the caller's own default stands. */
export interface Success {
  readonly key: string;
  readonly value?: JsonValue | undefined;
  readonly reason: 'STATIC' | 'TARGETING_MATCH' | 'SPLIT' | 'DISABLED' | 'UNKNOWN';
  /** Empty where there is none: the protocol lets it be left out, some clients don't. */
  readonly variant: string;
  readonly metadata: Readonly<Record<string, string | number | boolean>>;
}

/** A flag that can't be answered as it was asked. */
export interface Failure {
  readonly key: string;
  readonly errorCode: 'PARSE_ERROR' | 'TARGETING_KEY_MISSING' | 'INVALID_CONTEXT' | 'GENERAL' | 'FLAG_NOT_FOUND';
  readonly errorDetails: string;
}

type Metadata = Record<string, string | number | boolean>;
type Entry = Success | Failure;

const TYPED = /^(.*):(boolean|string|number|object)$/s;

/** No flag of Unleash has a colon in its name: what follows one is a type. */
export function readKey(key: string): AskedKey {
  if (!key.includes(':')) return { key, name: key, type: undefined };
  const [, name = key, type] = TYPED.exec(key) ?? [];
  return { key, name, type: type as ValueType | undefined };
}

/** An AI flag for a service: everything. */
export function serviceEntry(asked: AskedKey, answer: AiAnswer): Entry {
  const metadata: Metadata = metadataOf(answer.decision, answer.subject, undefined);
  const reading = typedValue(answer, asked.type ?? 'boolean');
  if (!reading.ok) return failure(asked.key, reading);
  return success(asked.key, reading.value, answer.reason, answer.decision.variant, metadata);
}

/** An AI flag for a page: what it may see. */
export function browserEntry(asked: AskedKey, answer: AiAnswer, feedback: string | undefined): Entry {
  const decision = browserDecision(answer.decision, feedback);
  const { type = 'boolean' } = asked;
  const { variant } = decision;
  // Any other would tell of what the decision leaves out: that a rollout decided, or a shadow runs.
  const reason = decision.enabled || decision.gate !== undefined ? answer.reason : 'DISABLED';
  const metadata = browserMetadata(decision);
  if (type === 'boolean') return success(asked.key, decision.enabled, reason, variant, metadata);
  if (type === 'object' && answer.flagKind !== 'gated')
    return success(asked.key, decision as unknown as JsonValue, reason, variant, metadata);
  if (!isPublic(answer.decision.binding)) return success(asked.key, undefined, reason, variant, metadata);
  const reading = typedValue(answer, type);
  return reading.ok ? success(asked.key, reading.value, reason, variant, metadata) : failure(asked.key, reading);
}

/**
 * For a page, a name of AI behind which nothing is for it: a change that it can't have looks like one that nobody made. Closed,
 * since "not found" would hand out the caller's own default.
 */
export function hiddenEntry({ key, type = 'boolean' }: AskedKey): Success {
  const off = { outcome: 'off', enabled: false, revisions: {} };
  const value = type === 'boolean' ? false : type === 'object' ? off : undefined;
  return success(key, value, 'DISABLED', undefined, { outcome: 'off' });
}

/** An ordinary flag: its payload by its own type, or whether it is on. */
export function plainEntry(asked: AskedKey, answer: PlainAnswer): Entry {
  const { variant } = answer;
  const reading = typedValue(answer, asked.type ?? ownType(answer));
  if (!reading.ok) return failure(asked.key, reading);
  return success(asked.key, reading.value, answer.reason, variant.enabled ? variant.name : undefined, undefined);
}

/** The type of an ordinary flag's value. */
export function ownType({ variant }: PlainAnswer): ValueType {
  if (!variant.enabled || variant.payload === undefined) return 'boolean';
  const { type } = variant.payload;
  if (type === 'json') return 'object';
  return type === 'number' ? 'number' : 'string';
}

// OFREP knows fewer reasons than OpenFeature: the true one stands in the metadata.
function success(
  key: string,
  value: JsonValue | undefined,
  reason: Reason,
  variant = '',
  metadata: Metadata = {},
): Success {
  if (reason !== 'STALE' && reason !== 'DEFAULT') return { key, value, reason, variant, metadata };
  return { key, value, reason: 'UNKNOWN', variant, metadata: { ...metadata, reason } };
}

// The details of a reading name types, never what a payload says.
function failure(key: string, { code, message }: { readonly code: string; readonly message: string }): Failure {
  return { key, errorCode: code === 'PARSE_ERROR' ? code : 'GENERAL', errorDetails: message };
}

function browserMetadata(decision: BrowserDecision): Metadata {
  const { paywall, revisions } = decision;
  const metadata: Metadata = { outcome: decision.outcome };
  for (const name of SCALARS) {
    const value = decision[name];
    if (value !== undefined) metadata[name] = value;
  }
  if (paywall !== undefined) {
    metadata['currentTier'] = paywall.currentTier;
    metadata['requiredTier'] = paywall.requiredTier;
    metadata['message'] = paywall.message;
    if (paywall.upgradeUrl !== undefined) metadata['upgradeUrl'] = paywall.upgradeUrl;
  }
  if (revisions.consent !== undefined) metadata['consentRevision'] = revisions.consent;
  return metadata;
}

const SCALARS = [
  'gate',
  'detail',
  'feature',
  'change',
  'mode',
  'review',
  'fallback',
  'disclosure',
  'message',
  'feedback',
] as const;
