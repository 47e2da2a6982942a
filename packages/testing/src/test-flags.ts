import {
  type AiNameKind,
  type AiNameSettings,
  type Attributes,
  aiNameKind,
  type Decision,
  type Evaluation,
  type FeatureFlag,
  type Flag,
  type FlagSnapshot,
  type FlagSource,
  type FlagSourceEvent,
  type JsonValue,
  type PlainVariant,
  type Subject,
} from '@rampart/core';
import { type Answer, decisionOf } from './answers.js';

/** Attributes that a subject must have; a list must contain every given entry. */
export type SubjectMatch = Attributes;

interface Entry {
  readonly answer: Answer;
  readonly match: SubjectMatch;
}

/** One counted evaluation. */
export interface RecordedEvaluation {
  readonly flag: string;
  readonly enabled: boolean;
  readonly variant: string | undefined;
}

/** A flag source in memory with decisions and values that the test sets. */
export class TestFlags implements FlagSource {
  readonly #names: AiNameSettings;
  readonly #answers = new Map<string, Entry[]>();
  readonly #values = new Map<string, JsonValue>();
  readonly #listeners = new Set<(event: FlagSourceEvent) => void>();
  #snapshot: FlagSnapshot = this.#read();
  /** Every counted evaluation, in order. */
  readonly evaluations: RecordedEvaluation[] = [];

  /** @param names the names of AI flags, for those without a decision */
  constructor(names: AiNameSettings = {}) {
    this.#names = names;
  }

  set(flag: string, answer: Answer, match: SubjectMatch): void {
    decisionOf(flag, answer);
    this.#values.delete(flag);
    this.#answers.set(flag, [{ answer, match }, ...(this.#answers.get(flag) ?? [])]);
    this.#changed(flag);
  }

  setValue(flag: string, value: JsonValue): void {
    this.#answers.delete(flag);
    this.#values.set(flag, value);
    this.#changed(flag);
  }

  clear(): void {
    const names = this.#snapshot.names();
    this.#answers.clear();
    this.#values.clear();
    this.evaluations.length = 0;
    for (const name of names) this.#changed(name);
  }

  start(): void {
    this.#emit({ type: 'fetched' });
  }

  async stop(): Promise<void> {
    this.#listeners.clear();
  }

  subscribe(listener: (event: FlagSourceEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  origin(): 'server' {
    return 'server';
  }

  snapshot(): FlagSnapshot {
    return this.#snapshot;
  }

  missingKind(name: string): AiNameKind | undefined {
    return aiNameKind(name, this.#names);
  }

  isEnabled(name: string): boolean {
    const enabled = this.#values.get(name) !== false;
    this.count(name, enabled, undefined);
    return enabled;
  }

  variant(name: string): PlainVariant {
    const value = this.#values.get(name);
    const enabled = value !== false && value !== undefined;
    this.count(name, enabled, undefined);
    const payload = enabled && value !== true ? payloadOf(value) : undefined;
    return {
      name: payload === undefined ? 'disabled' : 'test',
      enabled: payload !== undefined,
      featureEnabled: enabled,
      payload,
    };
  }

  variantBehindGate(name: string): PlainVariant {
    return this.variant(name);
  }

  count(flag: string, enabled: boolean, variant: string | undefined): void {
    this.evaluations.push({ flag, enabled, variant });
  }

  #changed(flag: string): void {
    this.#snapshot = this.#read();
    this.#emit({ type: 'changed', flags: [flag] });
  }

  #emit(event: FlagSourceEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #read(): FlagSnapshot {
    const answers = new Map(this.#answers);
    const flags = new Map<string, Flag>();
    for (const name of this.#values.keys()) flags.set(name, { kind: 'plain', name, enabled: true });
    for (const name of answers.keys()) flags.set(name, featureNamed(name));
    return {
      flag: (name) => flags.get(name),
      names: () => [...flags.keys()],
      changesOf: () => [],
      fixedEvaluation: (name, subject) => {
        const entries = answers.get(name);
        return entries === undefined ? undefined : answerFor(name, entries, subject);
      },
    };
  }
}

// The newest match counts; without a match the flag is off.
function answerFor(flag: string, entries: readonly Entry[], subject: Subject): Evaluation {
  const entry = entries.find(({ match }) => matches(match, subject));
  const decision: Decision = decisionOf(flag, entry?.answer ?? { outcome: 'off' }, subject.confidence);
  const disabled = decision.gate === 'flag' || decision.gate === 'kill';
  const split = decision.gate === 'rollout';
  const reason = disabled ? 'DISABLED' : split ? 'SPLIT' : 'TARGETING_MATCH';
  return { decision, reason, exposed: decision.enabled ? decision.variant : undefined, rule: undefined };
}

function matches(match: SubjectMatch, { attributes }: Subject): boolean {
  return Object.entries(match).every(([name, expected]) => {
    const value = attributes[name];
    if (!Array.isArray(expected)) return value === expected;
    return Array.isArray(value) && expected.every((entry) => value.includes(entry));
  });
}

function featureNamed(name: string): FeatureFlag {
  return {
    kind: 'feature',
    name,
    enabled: true,
    launched: true,
    access: undefined,
    targeting: undefined,
    problems: [],
    revision: 'test',
  };
}

function payloadOf(value: JsonValue): PlainVariant['payload'] {
  if (typeof value === 'string') return { type: 'string', value };
  return typeof value === 'number'
    ? { type: 'number', value: String(value) }
    : { type: 'json', value: JSON.stringify(value) };
}
