import type { Attributes, Decision, JsonValue, PlainVariant, Subject } from '@rampart/core';
import type { AiFlag } from './decider.js';
import { NUMBER, OBJECT, type Payload, type Reading, TEXT, type ValueReader } from './payload.js';
import type { Reason } from './resolution.js';

/** The evaluation of a flag with a Rampart strategy, or behind a feature's gates. */
export interface AiAnswer {
  readonly kind: 'ai';
  readonly name: string;
  /** `missing`: an AI flag's name without a flag, at least until flags arrive. */
  readonly flagKind: AiFlag['kind'] | 'missing';
  readonly decision: Decision;
  /** STALE if the flags are older than `staleAfterMs` allows, or from a backup. */
  readonly reason: Reason;
  /** The variant's payload, of a gated flag that is on. */
  readonly payload: Payload;
  /** The subject of the decision; `metadataOf` needs it too. */
  readonly subject: Subject;
}

/** The platform's own evaluation of an ordinary flag. */
export interface PlainAnswer {
  readonly kind: 'plain';
  readonly name: string;
  readonly enabled: boolean;
  readonly variant: PlainVariant;
  /** STALE, DISABLED, TARGETING_MATCH or DEFAULT. */
  readonly reason: Reason;
}

/** No flag has this name, and it isn't the name of an AI flag; `ready` is false while there are no flags at all. */
export interface MissingAnswer {
  readonly kind: 'missing';
  readonly name: string;
  readonly ready: boolean;
}

/** An untyped evaluation without a default, for servers of other protocols than OpenFeature. */
export type Answer = AiAnswer | PlainAnswer | MissingAnswer;

/** Options of {@link EvaluationEngine.evaluate}. */
export interface AnswerOptions {
  /** Whether usage is counted. False for a bulk evaluation, which is no exposure. @default true */
  readonly counted?: boolean | undefined;
  /** The context of ordinary flags, if it holds more than AI flags may read. @default the context */
  readonly plain?: Attributes | undefined;
}

/** OpenFeature's value types. */
export type ValueType = 'boolean' | 'string' | 'number' | 'object';

const READERS: Readonly<Record<Exclude<ValueType, 'boolean'>, ValueReader<JsonValue>>> = {
  string: TEXT,
  number: NUMBER,
  object: OBJECT as unknown as ValueReader<JsonValue>,
};

/**
 * The value of an evaluation in one of OpenFeature's types, as the provider returns it. Undefined for the caller's default: a closed
 * gate, a variant without payload.
 */
export function typedValue(answer: AiAnswer | PlainAnswer, type: ValueType): Reading<JsonValue> {
  if (answer.kind === 'plain') {
    if (type === 'boolean') return { ok: true, value: answer.enabled };
    return READERS[type].payload(answer.variant.enabled ? answer.variant.payload : undefined);
  }
  if (type === 'boolean') return { ok: true, value: answer.decision.enabled };
  return aiValue(answer, READERS[type]);
}

/** The value of an AI flag: a feature or a change evaluates to its decision if the reader asks for an object. */
export function aiValue<T extends JsonValue>(
  { flagKind, decision, payload }: AiAnswer,
  reader: ValueReader<T>,
): Reading<T> {
  if (reader.returnsDecision && flagKind !== 'gated') return { ok: true, value: decision as unknown as T };
  if (!decision.enabled) return { ok: true, value: undefined };
  return flagKind === 'gated' ? reader.payload(payload) : reader.binding(decision.binding);
}
