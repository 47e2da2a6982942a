import type { Decision, PlainVariant, Subject } from '@rampart/core';
import type { AiFlag } from './decider.js';
import type { Payload } from './payload.js';
import type { Reason } from './resolution.js';

/** The answer of a flag that carries a Rampart strategy or stands behind one. */
export interface AiAnswer {
  readonly kind: 'ai';
  readonly name: string;
  readonly flagKind: AiFlag['kind'];
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

/** There is no such flag; `ready` is false where there are no flags at all yet. */
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
}
