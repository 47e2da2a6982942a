import {
  ErrorCode,
  type FlagMetadata,
  type FlagValue,
  type FlagValueType,
  type JsonValue,
  type ResolutionDetails,
} from '@openfeature/web-sdk';
import type { UnleashClient } from 'unleash-proxy-client';
import type { FlagAnswer } from './flag-answers.js';
import { type PayloadReader, readObject } from './payload.js';
import type { Toggle } from './toggle.js';
import { asJson, metadataOf, UNCONFIRMED, type WebDecision } from './web-decision.js';

type Closed = Extract<FlagAnswer, { readonly kind: 'closed' }>;

/** One flag and its evaluation. */
export interface Question {
  readonly flag: string;
  readonly answer: FlagAnswer;
  /** Counts the usage. */
  readonly client: UnleashClient;
  readonly unlisted: 'disabled' | 'not_found';
}

type Listed = Extract<FlagAnswer, { readonly toggle: Toggle }>;

export function resolveBoolean(question: Question, fallback: boolean): ResolutionDetails<boolean> {
  const { answer } = question;
  if (answer.kind === 'closed') return closedAnswer(answer, false);
  if (!isListed(answer)) return unanswered(question, false, fallback);
  const enabled = isOpen(answer);
  count(question, (client) => client.isEnabled(question.flag));
  return { value: enabled, ...describe(answer) };
}

export function resolvePayload<T>(question: Question, fallback: T, read: PayloadReader<T>): ResolutionDetails<T> {
  const { answer } = question;
  if (answer.kind === 'closed') return closedAnswer(answer, fallback);
  if (!isListed(answer)) return unanswered(question, fallback, fallback);
  count(question, (client) => client.getVariant(question.flag));
  const { variant } = answer.toggle;
  const payload = isOpen(answer) && variant.enabled ? variant.payload : undefined;
  const described = describe(answer);
  if (payload === undefined) return { value: fallback, ...described, ...(isOpen(answer) && { reason: 'DEFAULT' }) };
  const reading = read(payload);
  if (reading.ok) return { value: reading.value, ...described };
  const { code: errorCode, message: errorMessage } = reading;
  return { value: fallback, reason: 'ERROR', errorCode, errorMessage, flagMetadata: described.flagMetadata };
}

/** Of a feature or a change the decision, open or closed; of any other flag its JSON payload. */
export function resolveObject<T extends JsonValue>(question: Question, fallback: T): ResolutionDetails<T> {
  const { answer, flag } = question;
  if (answer.kind === 'closed') return closedAnswer(answer, asJson(answer.decision) as T);
  if (answer.kind !== 'ai' || !isDecided(flag, answer.decision))
    return resolvePayload(question, fallback, readObject as PayloadReader<T>);
  count(question, (client) => client.getVariant(flag));
  return { value: asJson(answer.decision) as T, ...describe(answer) };
}

/** The resolution of an AI flag before the first response. */
export function closedUntilReady(type: FlagValueType, fallback: FlagValue): ResolutionDetails<FlagValue> {
  const value = type === 'boolean' ? false : type === 'object' ? asJson(UNCONFIRMED) : fallback;
  return closedAnswer({ kind: 'closed', decision: UNCONFIRMED, stale: true }, value);
}

/** Without an error code, which would make OpenFeature return the caller's default. */
function closedAnswer<T>({ decision, stale }: Closed, value: T): ResolutionDetails<T> {
  return { value, reason: stale ? 'STALE' : 'DISABLED', flagMetadata: metadataOf(decision) };
}

/** Not so for an ordinary flag that hangs below a feature: its payload is its own. */
function isDecided(flag: string, { feature, change }: WebDecision): boolean {
  return feature === undefined || flag === feature || flag === change || flag.startsWith(`${feature}.`);
}

const isListed = (answer: FlagAnswer): answer is Listed => 'toggle' in answer;

const isOpen = (answer: Listed): boolean => (answer.kind === 'ai' ? answer.decision.enabled : answer.toggle.enabled);

function unanswered<T>({ answer, unlisted, flag }: Question, value: T, fallback: T): ResolutionDetails<T> {
  if (answer.kind === 'unknown')
    return { value: fallback, reason: 'DEFAULT', flagMetadata: { detail: UNCONFIRMED.detail } };
  if (unlisted === 'disabled') return { value, reason: 'DISABLED', flagMetadata: { detail: 'unlisted' } };
  const errorMessage = `${flag} is disabled, or there is no such flag`;
  return { value: fallback, reason: 'ERROR', errorCode: ErrorCode.FLAG_NOT_FOUND, errorMessage };
}

interface Description {
  readonly reason: string;
  readonly variant?: string;
  readonly flagMetadata: FlagMetadata;
}

function describe(answer: Listed): Description {
  const { variant } = answer.toggle;
  const open = isOpen(answer);
  return {
    reason: answer.stale ? 'STALE' : reasonOf(answer, open),
    ...(open && variant.enabled && { variant: variant.name }),
    flagMetadata: answer.kind === 'ai' ? metadataOf(answer.decision) : {},
  };
}

function reasonOf(answer: Listed, open: boolean): string {
  if (answer.kind === 'plain') return open ? 'TARGETING_MATCH' : 'DISABLED';
  const { gate } = answer.decision;
  return !open && (gate === undefined || gate === 'flag' || gate === 'kill') ? 'DISABLED' : 'TARGETING_MATCH';
}

/** Counts a served evaluation, except unconfirmed ones and names that break the client's metrics. */
function count({ flag, answer, client }: Question, ask: (client: UnleashClient) => unknown): void {
  const served = isListed(answer) && answer.toggle.enabled === isOpen(answer);
  // unleash-proxy-client 3.8 counts in a plain object: `constructor` would write to Object itself, and throw.
  if (served && !(flag in {})) ask(client);
}
