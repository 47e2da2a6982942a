import type { Attributes, Decision, JsonValue, PlainVariant, Subject } from '@rampart/core';
import type { AiFlag } from './decider.js';
import { NUMBER, OBJECT, type Payload, type Reading, TEXT, type ValueReader } from './payload.js';
import type { Reason } from './resolution.js';

/** The answer of a flag that carries a Rampart strategy or stands behind one. */
export interface AiAnswer {
  readonly kind: 'ai';
  readonly name: string;
  /** `missing`: the name of an AI flag that isn't there, or not yet. */
  readonly flagKind: AiFlag['kind'] | 'missing';
  readonly decision: Decision;
  /** STALE where the flag data is older than the provider promises. */
  readonly reason: Reason;
  /** The variant's payload, of a gated flag that is on. */
  readonly payload: Payload;
  /** Whom the decision is about: what `metadataOf` reads beside it. */
  readonly subject: Subject;
}

/** The answer of a flag that Rampart has nothing to say about: the platform's own. */
export interface PlainAnswer {
  readonly kind: 'plain';
  readonly name: string;
  readonly enabled: boolean;
  readonly variant: PlainVariant;
  /** STALE, DISABLED, TARGETING_MATCH or DEFAULT. */
  readonly reason: Reason;
}

/** There is no such flag, and its name isn't that of an AI flag; `ready` is false where there are no flags to answer from. */
export interface MissingAnswer {
  readonly kind: 'missing';
  readonly name: string;
  readonly ready: boolean;
}

/** What the provider says to a server that speaks another protocol than OpenFeature's: untyped, without anyone's default. */
export type Answer = AiAnswer | PlainAnswer | MissingAnswer;

/** Options of {@link RampartProvider.answer}. */
export interface AnswerOptions {
  /** False for a bulk question, which is no exposure. @default true */
  readonly counted?: boolean | undefined;
  /** What ordinary flags see, where that is more than AI flags may. @default the context */
  readonly plain?: Attributes | undefined;
}

/** The types that OpenFeature knows. */
export type ValueType = 'boolean' | 'string' | 'number' | 'object';

const READERS: Readonly<Record<Exclude<ValueType, 'boolean'>, ValueReader<JsonValue>>> = {
  string: TEXT,
  number: NUMBER,
  object: OBJECT as unknown as ValueReader<JsonValue>,
};

/**
 * An answer's value in one of OpenFeature's types, as the provider gives it. Undefined where the caller's default stands: a
 * closed gate, a variant without payload.
 */
export function typedValue(answer: AiAnswer | PlainAnswer, type: ValueType): Reading<JsonValue> {
  if (answer.kind === 'plain') {
    if (type === 'boolean') return { ok: true, value: answer.enabled };
    return READERS[type].payload(answer.variant.enabled ? answer.variant.payload : undefined);
  }
  if (type === 'boolean') return { ok: true, value: answer.decision.enabled };
  return aiValue(answer, READERS[type]);
}

/** The same with a reader: an object question of a feature or a change is answered by the decision. */
export function aiValue<T extends JsonValue>(
  { flagKind, decision, payload }: AiAnswer,
  reader: ValueReader<T>,
): Reading<T> {
  if (reader.decisions && flagKind !== 'gated') return { ok: true, value: decision as unknown as T };
  if (!decision.enabled) return { ok: true, value: undefined };
  return flagKind === 'gated' ? reader.payload(payload) : reader.binding(decision.binding);
}
