import { randomUUID } from 'node:crypto';
import {
  type AiNameKind,
  type Attributes,
  aiNameKind,
  type CompileSettings,
  type FlagDefinition,
  type FlagOrigin,
  type FlagSource,
  type FlagSourceEvent,
  type JsonValue,
  type PlainVariant,
  type Problem,
  readTiers,
  type Subject,
  type Usage,
} from '@rampart/core';
import { type Unleash, UnleashEvents } from 'unleash-client';
import { subjectContext, type UnleashContext, unleashContext } from './context.js';
import { UnleashEvaluator } from './evaluator.js';
import { withGateBypass } from './gate-bypass.js';
import {
  addUsage,
  fetchNow,
  ignoreErrorsAfterStop,
  isConnected,
  isReady,
  staticContext,
  stopMetricsTimer,
  uncountedClient,
} from './internals.js';
import { readErrorEvent, readWarnEvent } from './sdk-events.js';
import { settlesWithin } from './settles-within.js';
import { DefinitionSnapshot } from './snapshot.js';

/** Options of {@link UnleashFlagSource}. */
export interface UnleashFlagSourceOptions {
  /** An instance that knows the strategies (`rampartStrategies`); it is started and destroyed with the source. */
  readonly unleash: Unleash;
  /** @default free, starter, pro, business, enterprise */
  readonly tiers?: readonly string[] | undefined;
  /** Flags whose name starts so must carry a Rampart strategy; empty: none must. @default 'ai.' */
  readonly prefix?: string | undefined;
  /** Flag → feature, for flags that can't take a parent in Unleash. @default none */
  readonly gates?: Readonly<Record<string, string>> | undefined;
  /** Returns the problem of a feature's binding, or undefined. @default every binding is valid */
  readonly checkBinding?: ((feature: string, binding: JsonValue | undefined) => string | undefined) | undefined;
  /** Whether `stop` destroys the instance. @default true */
  readonly owned?: boolean | undefined;
  /** Aborts the instance's pending requests; called by `stop`. @default they end by their own timeouts */
  readonly abortRequests?: (() => void) | undefined;
}

/** How long `stop` waits for the last usage metrics. */
const FLUSH_TIMEOUT_MS = 2_000;

type Listener = (event: FlagSourceEvent) => void;

// The SDK's metrics would write these names to Object.prototype.
const RESERVED_NAMES: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype));

/** The flags of an Unleash instance: snapshots for core, the SDK's evaluation of ordinary flags, and lifecycle events. */
export class UnleashFlagSource implements FlagSource {
  readonly #unleash: Unleash;
  readonly #settings: CompileSettings;
  readonly #owned: boolean;
  readonly #abortRequests: (() => void) | undefined;
  readonly #listeners = new Set<Listener>();
  readonly #reported = new Set<string>();
  /** AI flags that were removed since the process began. */
  readonly #removed = new Map<string, AiNameKind>();
  readonly #handlers: readonly (readonly [UnleashEvents, (argument: unknown) => void])[];
  #snapshot: DefinitionSnapshot;
  #origin: FlagOrigin = 'none';
  #stopped: Promise<void> | undefined;
  #fetching: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(options: UnleashFlagSourceOptions) {
    const { unleash, gates = {}, prefix, checkBinding } = options;
    this.#unleash = unleash;
    this.#owned = options.owned ?? true;
    this.#abortRequests = options.abortRequests;
    const evaluator = new UnleashEvaluator(staticContext(unleash));
    this.#settings = {
      tiers: readTiers(options.tiers),
      evaluator,
      prefix,
      gates: new Map(Object.entries(gates)),
      checkBinding,
    };
    this.#snapshot = this.#read([]);
    this.#handlers = [
      // The first Changed event precedes the instance's readiness; Ready follows.
      [UnleashEvents.Ready, () => this.#refresh()],
      [UnleashEvents.Changed, () => isReady(unleash) && this.#refresh()],
      [UnleashEvents.Unchanged, () => this.#fetched()],
      [UnleashEvents.Error, (error) => this.#emit(readErrorEvent(error))],
      [UnleashEvents.Warn, (message) => this.#emit(readWarnEvent(message))],
    ];
    for (const [event, handler] of this.#handlers) unleash.on(event, handler);
    // The instance may have been started before.
    if (isReady(unleash)) this.#refresh();
  }

  start(): void {
    this.#unleash.start().catch((error: unknown) => this.#emit(readErrorEvent(error)));
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  // A pending fetch may have started before the edit, so one more follows; concurrent callers share it.
  refresh(): Promise<void> {
    this.#next ??= this.#fetching.then(() => {
      this.#next = undefined;
      this.#fetching = this.#fetchNow();
      return this.#fetching;
    });
    return this.#next;
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  origin(): FlagOrigin {
    return this.#origin;
  }

  snapshot(): DefinitionSnapshot {
    return this.#snapshot;
  }

  missingKind(name: string): AiNameKind | undefined {
    return this.#removed.get(name) ?? aiNameKind(name, this.#settings);
  }

  isEnabled(name: string, attributes: Attributes): boolean {
    const context = unleashContext(attributes);
    if (!RESERVED_NAMES.has(name)) return this.#unleash.isEnabled(name, context);
    return uncountedClient(this.#unleash)?.isEnabled(name, this.#withStaticContext(context), () => false) ?? false;
  }

  variant(name: string, attributes: Attributes): PlainVariant {
    return this.#variant(name, unleashContext(attributes));
  }

  asker(attributes: Attributes): (name: string) => PlainVariant {
    const context = this.#withStaticContext(unleashContext(attributes));
    const client = uncountedClient(this.#unleash);
    return (name) => (client === undefined ? OFF : evaluateUncounted(client, name, context));
  }

  variantBehindGate(name: string, feature: string, attributes: Attributes, counted = true): PlainVariant {
    const context = unleashContext(attributes);
    return withGateBypass(feature, context.properties, () => this.#variant(name, context, counted));
  }

  count(name: string, enabled: boolean, variant: string | undefined): void {
    if (RESERVED_NAMES.has(name)) return;
    this.#unleash.count(name, enabled);
    const counted = variant ?? 'disabled';
    if (!RESERVED_NAMES.has(counted)) this.#unleash.countVariant(name, counted);
  }

  addUsage({ flag, yes, no, variants }: Usage): void {
    if (RESERVED_NAMES.has(flag)) return;
    addUsage(this.#unleash, flag, 'yes', yes);
    addUsage(this.#unleash, flag, 'no', no);
    for (const [variant, times] of variants)
      if (!RESERVED_NAMES.has(variant)) addUsage(this.#unleash, flag, { variant }, times);
  }

  impression(name: string, subject: Subject, enabled: boolean, variant: string | undefined): void {
    if (this.#snapshot.definition(name)?.['impressionData'] !== true) return;
    this.#unleash.emit(UnleashEvents.Impression, {
      eventType: variant === undefined ? 'isEnabled' : 'getVariant',
      eventId: randomUUID(),
      context: subjectContext(subject, staticContext(this.#unleash)),
      featureName: name,
      enabled,
      ...(variant === undefined ? {} : { variant }),
    });
  }

  track(name: string, value: number): void {
    const { impactMetrics } = this.#unleash;
    impactMetrics.defineHistogram(name, `Tracked through OpenFeature: ${name}`);
    impactMetrics.observeHistogram(name, value);
  }

  #variant(name: string, context: UnleashContext, counted = true): PlainVariant {
    const variant =
      RESERVED_NAMES.has(name) || !counted
        ? uncountedClient(this.#unleash)?.getVariant(name, this.#withStaticContext(context))
        : this.#unleash.getVariant(name, context);
    return plainVariant(variant);
  }

  #withStaticContext(context: UnleashContext): UnleashContext {
    return { ...staticContext(this.#unleash), ...context };
  }

  async #fetchNow(): Promise<void> {
    try {
      await fetchNow(this.#unleash);
    } catch (error) {
      this.#emit(readErrorEvent(error));
    }
  }

  #refresh(): void {
    const definitions = this.#unleash.getFeatureToggleDefinitions(true) as unknown as readonly FlagDefinition[];
    const next = this.#read(definitions, this.#snapshot);
    const changed = next.changedFrom(this.#snapshot);
    const first = this.#origin === 'none';
    this.#rememberRemoved(changed, next);
    if (changed.length > 0 || first) this.#snapshot = next;
    this.#origin = isConnected(this.#unleash) ? 'server' : 'backup';
    if (changed.length > 0 && !first) this.#emit({ type: 'changed', flags: changed });
    this.#emit({ type: 'fetched' });
  }

  #rememberRemoved(changed: readonly string[], next: DefinitionSnapshot): void {
    for (const name of changed) {
      if (next.definition(name) !== undefined) {
        this.#removed.delete(name);
        continue;
      }
      const kind = this.#snapshot.flag(name)?.kind;
      if (kind === 'gated') this.#removed.set(name, 'gated');
      else if (kind === 'feature' || kind === 'change') this.#removed.set(name, 'ai');
    }
  }

  #fetched(): void {
    this.#origin = 'server';
    this.#emit({ type: 'fetched' });
  }

  // A feature that was live once stays launched: its outcome is `unavailable` when its flag is off.
  #read(definitions: readonly FlagDefinition[], previous?: DefinitionSnapshot): DefinitionSnapshot {
    const onProblem = (problem: Problem): void => this.#report(problem);
    const launchedBefore = previous?.launchedFeatures();
    return new DefinitionSnapshot(definitions, this.#settings, { onProblem, launchedBefore, previous });
  }

  #report(problem: Problem): void {
    const key = JSON.stringify([problem.flag, problem.field, problem.value]);
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    this.#emit({ type: 'problem', problem });
  }

  #emit(event: FlagSourceEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  async #stop(): Promise<void> {
    if (!this.#owned) {
      for (const [event, handler] of this.#handlers) this.#unleash.off(event, handler);
      return;
    }
    stopMetricsTimer(this.#unleash);
    ignoreErrorsAfterStop(this.#unleash);
    await settlesWithin(FLUSH_TIMEOUT_MS, this.#unleash.flushMetrics());
    this.#unleash.destroy();
    this.#abortRequests?.();
    this.#listeners.clear();
  }
}

const OFF: PlainVariant = Object.freeze({
  name: 'disabled',
  enabled: false,
  featureEnabled: false,
  payload: undefined,
});
const ON: PlainVariant = Object.freeze({ ...OFF, featureEnabled: true });

// As `getVariant`, without the copies of its result, which cost more than the evaluation, and without an impression. Only
// `getVariant` selects variants of a flag instead of a strategy.
function evaluateUncounted(
  client: NonNullable<ReturnType<typeof uncountedClient>>,
  name: string,
  context: UnleashContext,
): PlainVariant {
  const toggle = client.repository.getToggle(name);
  const { enabled, variant } = client.isFeatureEnabled(toggle, context, never);
  if (!enabled) return OFF;
  if (variant !== undefined)
    return { name: variant.name, enabled: true, featureEnabled: true, payload: variant.payload };
  return (toggle?.variants?.length ?? 0) === 0 ? ON : plainVariant(client.getVariant(name, context));
}

function never(): boolean {
  return false;
}

function plainVariant(variant: ReturnType<Unleash['getVariant']> | undefined): PlainVariant {
  return {
    name: variant?.name ?? 'disabled',
    enabled: variant?.enabled ?? false,
    featureEnabled: variant?.feature_enabled ?? false,
    payload: variant?.payload,
  };
}
