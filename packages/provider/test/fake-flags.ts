import {
  type Attributes,
  type ChangeFlag,
  compileFlag,
  type Flag,
  type FlagDefinition,
  type FlagOrigin,
  type FlagSnapshot,
  type FlagSource,
  type FlagSourceEvent,
  type PlainVariant,
  type RuleEvaluator,
  type Subject,
} from '@rampart/core';

/** Constraints are `{ field, is }`; every subject gets the first variant with a weight. */
const evaluator: RuleEvaluator = {
  targeting: (constraints) => (subject) =>
    (constraints as { field: string; is: unknown }[]).every(({ field, is }) => subject.attributes[field] === is),
  variant: (variants) => () => variants.findIndex((variant) => variant.weight > 0),
};

const OFF: PlainVariant = { name: 'disabled', enabled: false, featureEnabled: false, payload: undefined };

/** A flag source in memory that records its calls. */
export class FakeFlags implements FlagSource {
  readonly counts: unknown[][] = [];
  readonly impressions: unknown[][] = [];
  readonly tracked: unknown[][] = [];
  readonly asked: unknown[][] = [];
  /** The platform's evaluation of an ordinary or gated flag. */
  readonly answers = new Map<string, Partial<PlainVariant>>();
  readonly gates = new Map<string, string>();
  started = 0;
  stopped = 0;
  current: FlagOrigin = 'none';
  readonly #listeners = new Set<(event: FlagSourceEvent) => void>();
  #snapshot: FlagSnapshot = snapshotOf([], new Map());

  /** Replaces the flags and emits `fetched`. */
  load(definitions: readonly FlagDefinition[], origin: FlagOrigin = 'server'): this {
    this.#snapshot = snapshotOf(definitions, this.gates);
    this.current = origin;
    this.emit({ type: 'fetched' });
    return this;
  }

  /** Replaces the flags and emits `changed`, then `fetched`. */
  change(definitions: readonly FlagDefinition[], changed: readonly string[]): void {
    this.#snapshot = snapshotOf(definitions, this.gates);
    this.emit({ type: 'changed', flags: changed });
    this.emit({ type: 'fetched' });
  }

  emit(event: FlagSourceEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  fail(message = 'connection refused'): void {
    this.emit({ type: 'error', error: new Error(message) });
  }

  refuse(message = 'responded 401'): void {
    this.emit({ type: 'fatal', error: new Error(message) });
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  start(): void {
    this.started += 1;
  }

  async stop(): Promise<void> {
    this.stopped += 1;
  }

  subscribe(listener: (event: FlagSourceEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  origin(): FlagOrigin {
    return this.current;
  }

  snapshot(): FlagSnapshot {
    return this.#snapshot;
  }

  isEnabled(name: string, attributes: Attributes): boolean {
    this.asked.push(['isEnabled', name, attributes]);
    return this.#answer(name).featureEnabled;
  }

  variant(name: string, attributes: Attributes): PlainVariant {
    this.asked.push(['variant', name, attributes]);
    return this.#answer(name);
  }

  variantBehindGate(name: string, feature: string, attributes: Attributes, counted = true): PlainVariant {
    this.asked.push(['behind', name, feature, attributes]);
    const answer = this.#answer(name);
    if (counted) this.counts.push([name, answer.featureEnabled, answer.enabled ? answer.name : undefined]);
    return answer;
  }

  count(...counted: [string, boolean, string | undefined]): void {
    this.counts.push(counted);
  }

  impression(name: string, _subject: Subject, enabled: boolean, variant: string | undefined): void {
    this.impressions.push([name, enabled, variant]);
  }

  track(...tracked: [string, number, Readonly<Record<string, unknown>>]): void {
    this.tracked.push(tracked);
  }

  #answer(name: string): PlainVariant {
    if (this.#snapshot.flag(name)?.enabled !== true) return OFF;
    return { ...OFF, featureEnabled: true, ...this.answers.get(name) };
  }
}

function snapshotOf(definitions: readonly FlagDefinition[], gates: ReadonlyMap<string, string>): FlagSnapshot {
  const byName = new Map(definitions.map((definition) => [definition.name, definition]));
  const settings = { tiers: ['free', 'starter', 'pro', 'business', 'enterprise'], evaluator, gates };
  const flags = new Map<string, Flag>();
  for (const definition of definitions)
    flags.set(
      definition.name,
      compileFlag(definition, (name) => byName.get(name), settings),
    );
  const changes = [...flags.values()].filter((flag): flag is ChangeFlag => flag.kind === 'change');
  return {
    flag: (name) => flags.get(name),
    names: () => [...flags.keys()],
    changesOf: (feature) => changes.filter((change) => change.feature === feature),
  };
}
