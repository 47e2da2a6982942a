import {
  DefaultLogger,
  ErrorCode,
  type EvaluationContext,
  type FlagMetadata,
  type FlagValue,
  type Hook,
  type HookContext,
  type JsonValue,
  type Logger,
  OpenFeatureEventEmitter,
  type Provider,
  type ResolutionDetails,
  SafeLogger,
  type TrackingEventDetails,
} from '@openfeature/server-sdk';
import {
  type Attributes,
  type ControlSource,
  DEFAULT_CONTEXT_NAMES,
  type DecideSettings,
  type Decision,
  type Explanation,
  explain,
  type Flag,
  type FlagSnapshot,
  type FlagSource,
  type PlainFlag,
  type PlainVariant,
  readTiers,
  type VerdictMemo,
} from '@rampart/core';
import { type AiAnswer, type Answer, type AnswerOptions, aiValue, type PlainAnswer } from './answer.js';
import { type AiFlag, Decider, type Served } from './decider.js';
import { TenantFactsCache } from './directory.js';
import { InputReader, type Inputs } from './inputs.js';
import { Lifecycle } from './lifecycle.js';
import { metadataOf } from './metadata.js';
import { MissingFlags } from './missing-flags.js';
import { Observer } from './observer.js';
import type { RampartProviderOptions } from './options.js';
import { missingDecision, NO_FLAGS, plainDecision } from './other-decisions.js';
import { NUMBER, OBJECT, TEXT, type ValueReader } from './payload.js';
import { failed, type Reason, resolved } from './resolution.js';
import { startingHook } from './starting-hook.js';
import { Tracking } from './tracking.js';

/**
 * The OpenFeature provider. An AI flag is answered by a decision that explains itself, and closed, without an error code,
 * by everything that is missing or fails; any other flag is answered as the platform's own SDK answers it.
 */
export class RampartProvider implements Provider {
  readonly metadata: { readonly name: 'rampart' } = { name: 'rampart' };
  readonly runsOn = 'server';
  readonly events: OpenFeatureEventEmitter = new OpenFeatureEventEmitter();
  readonly #hooks: Hook[];
  /** Whether OpenFeature asks this provider, and doesn't answer by itself. */
  #isAsked = false;
  readonly #startingHook: Hook = startingHook((asked) => this.#closedUntilReady(asked));
  readonly #flags: FlagSource;
  readonly #missing: MissingFlags;
  readonly #control: ControlSource;
  readonly #inputs: InputReader;
  readonly #settings: DecideSettings;
  readonly #decider: Decider;
  readonly #lifecycle: Lifecycle;
  readonly #tracking: Tracking;
  readonly #observer: Observer | undefined;
  readonly #flagSetId: string | undefined;
  readonly #unleashCompat: boolean;
  readonly #plainMetadata: FlagMetadata | undefined;

  constructor(options: RampartProviderOptions) {
    const { flags, control, flagSetId, observe } = options;
    const logger = new SafeLogger(options.logger ?? new DefaultLogger());
    const names = { ...DEFAULT_CONTEXT_NAMES, ...options.contextNames };
    this.#hooks = [...(options.hooks ?? [])];
    this.#flags = flags;
    this.#control = control;
    this.#flagSetId = flagSetId;
    this.#unleashCompat = options.unleashCompat ?? false;
    this.#plainMetadata = flagSetId === undefined ? undefined : Object.freeze({ flagSetId });
    this.#inputs = new InputReader({ control, directory: directoryOf(options, logger), names, logger });
    this.#missing = new MissingFlags({ flags, inputs: this.#inputs, logger, isStale: () => this.#lifecycle.stale });
    this.#settings = { tiers: readTiers(options.tiers) };
    this.#decider = new Decider({ flags, settings: this.#settings, tierName: names.tier, logger });
    this.#tracking = new Tracking({ flags, trackers: options.trackers ?? [], logger });
    this.#observer =
      observe && new Observer({ features: observe, decider: this.#decider, inputs: this.#inputs, logger });
    this.#lifecycle = new Lifecycle({
      flags,
      emit: (event, details) => this.events.emit(event, details),
      logger,
      initTimeout: options.initTimeout,
      staleAfter: options.staleAfter,
    });
  }

  /** The hooks of the options; until OpenFeature asks the provider, one more that closes AI flags. */
  get hooks(): Hook[] {
    return this.#isAsked ? this.#hooks : [...this.#hooks, this.#startingHook];
  }

  /**
   * Starts the flag source and the control source and waits for what they know first; called by OpenFeature.
   *
   * @throws FinalStartError where the platform rejects the key, or the provider was closed; ProviderNotReadyError after `initTimeout`
   */
  async initialize(): Promise<void> {
    this.#isAsked = false;
    try {
      await Promise.all([this.#lifecycle.start(), this.#control.start?.()]);
    } finally {
      void this.#askedSoon();
    }
  }

  // OpenFeature changes the status in the microtasks that follow this promise: one for a success, two for a failure.
  async #askedSoon(): Promise<void> {
    for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
    this.#isAsked = true;
  }

  /** Reports usage that is left to report and stops. Idempotent; called by OpenFeature. */
  async onClose(): Promise<void> {
    await Promise.all([this.#lifecycle.stop(), this.#control.stop?.()]);
  }

  /** Hands an event to the flag platform's metrics and to every tracker; called by OpenFeature's `track`. Never throws. */
  track(name: string, context: EvaluationContext, details: TrackingEventDetails): void {
    this.#tracking.track(name, context, details);
  }

  /**
   * The typed decision at once, counted as one evaluation. It sees this context alone, not OpenFeature's global one, and
   * never waits: a tenant's facts or a control state that is not at hand counts as unknown, which closes, and is fetched
   * for the next call. {@link prepare} fetches them first.
   */
  decide(name: string, context: Attributes): Decision {
    const flag = this.#flag(name);
    if (flag === undefined)
      return this.#missing.kindOf(name) === undefined
        ? missingDecision(this.#lifecycle.missingDetail)
        : this.#missing.decision(name, this.#lifecycle.missingDetail);
    if (flag.kind === 'plain') return plainDecision(flag, this.#flags.variant(name, context));
    return this.#decider.serve(name, this.#inputs.peek(context)).decision;
  }

  /**
   * Every AI flag's decision over one snapshot of flags, one reading of the context, one control state; by name. Counts
   * nothing: a bulk question is no exposure. Never waits, as {@link decide}.
   */
  decideAll(context: Attributes): ReadonlyMap<string, Decision> {
    return this.#lifecycle.usable ? this.#decider.all(this.#inputs.peek(context)) : new Map();
  }

  /** The decision with every gate asked by itself, from what {@link decide} would see. Counts nothing; never waits. */
  explain(name: string, context: Attributes): Explanation {
    const { subject, control } = this.#inputs.peek(context);
    return explain(this.#snapshot(), name, subject, control, this.#settings);
  }

  /** Fetches what {@link decide} and {@link decideAll} would lack for this context. Never rejects. */
  async prepare(context: Attributes): Promise<void> {
    await this.#inputs.read(context);
  }

  /**
   * The answer for a server that is no OpenFeature SDK: untyped, with what its protocol needs. At once where everything is
   * at hand; a promise, which never rejects, where a tenant's facts or control state are fetched first.
   */
  answer(name: string, context: Attributes, options: AnswerOptions = {}): Answer | Promise<Answer> {
    const { counted = true, plain = context } = options;
    const flag = this.#flag(name);
    if (flag === undefined)
      return this.#missingAi(name, context) ?? { kind: 'missing', name, ready: this.#lifecycle.usable };
    if (flag.kind !== 'plain') return this.#ai(flag, context, counted);
    const variant = counted ? this.#flags.variant(name, plain) : this.#asker(plain)(name);
    if (counted && variant.featureEnabled) this.#observer?.look(flag, plain);
    return this.#plain(flag, variant);
  }

  /** Whom a context speaks of, with the directory's facts, and the control state; as a promise where something is fetched. */
  inputs(context: Attributes): Inputs | Promise<Inputs> {
    return this.#inputs.read(context);
  }

  /**
   * Every flag's answer over one snapshot of flags, one reading of the context, one control state. Counts nothing: a bulk
   * question is no exposure.
   *
   * @param inputs what {@link inputs} read
   * @param plain what ordinary flags see, where that is more than AI flags may
   */
  answerAll(inputs: Inputs, plain: Attributes = inputs.subject.attributes): readonly (AiAnswer | PlainAnswer)[] {
    const snapshot = this.#snapshot();
    const memo: VerdictMemo = new Map();
    const ask = this.#asker(plain);
    const answers: (AiAnswer | PlainAnswer)[] = [];
    for (const name of snapshot.names()) {
      const flag = snapshot.flag(name);
      if (flag === undefined) continue;
      if (flag.kind === 'plain') answers.push(this.#plain(flag, ask(name)));
      else answers.push(this.#aiAnswer(flag, this.#decider.quietly(snapshot, flag, inputs, memo), inputs));
    }
    return answers;
  }

  /** Whether flags are known and as young as promised. */
  get freshness(): 'none' | 'stale' | 'fresh' {
    if (!this.#lifecycle.usable) return 'none';
    return this.#lifecycle.stale ? 'stale' : 'fresh';
  }

  async resolveBooleanEvaluation(
    name: string,
    defaultValue: boolean,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<boolean>> {
    const flag = this.#flag(name);
    if (flag === undefined) {
      const missing = this.#missingAi(name, context);
      return missing === undefined ? this.#notFound(name, defaultValue) : this.#resolved(false, missing);
    }
    if (flag.kind === 'plain') return this.#plainBoolean(flag, context);
    const asked = this.#ai(flag, context, true);
    const answer = asked instanceof Promise ? await asked : asked;
    return this.#resolved(answer.decision.enabled, answer);
  }

  resolveStringEvaluation(
    name: string,
    defaultValue: string,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<string>> {
    return this.#resolve(name, defaultValue, context, TEXT);
  }

  resolveNumberEvaluation(
    name: string,
    defaultValue: number,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<number>> {
    return this.#resolve(name, defaultValue, context, NUMBER);
  }

  resolveObjectEvaluation<T extends JsonValue>(
    name: string,
    defaultValue: T,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<T>> {
    return this.#resolve(name, defaultValue, context, OBJECT as unknown as ValueReader<T>);
  }

  async #resolve<T extends JsonValue>(
    name: string,
    defaultValue: T,
    context: EvaluationContext,
    reader: ValueReader<T>,
  ): Promise<ResolutionDetails<T>> {
    const flag = this.#flag(name);
    if (flag === undefined) {
      const missing = this.#missingAi(name, context);
      return missing === undefined ? this.#notFound(name, defaultValue) : this.#aiValue(defaultValue, missing, reader);
    }
    if (flag.kind === 'plain') return this.#plainValue(flag, defaultValue, context, reader);
    const asked = this.#ai(flag, context, true);
    return this.#aiValue(defaultValue, asked instanceof Promise ? await asked : asked, reader);
  }

  // Without flags to answer from there is none: before the first ones, and after a start that failed for good.
  #flag(name: string): Flag | undefined {
    return this.#snapshot().flag(name);
  }

  #snapshot(): FlagSnapshot {
    return this.#lifecycle.usable ? this.#flags.snapshot() : NO_FLAGS;
  }

  #missingAi(name: string, context: Attributes): AiAnswer | undefined {
    return this.#missing.answer(name, context, this.#lifecycle.missingDetail);
  }

  #closedUntilReady({
    flagKey,
    flagValueType,
    defaultValue,
    context,
  }: HookContext): ResolutionDetails<FlagValue> | undefined {
    const detail = this.#lifecycle.missingDetail === 'refused' ? 'refused' : 'not_ready';
    const missing = this.#missing.answer(flagKey, context, detail);
    if (missing === undefined) return undefined;
    if (flagValueType === 'boolean') return this.#resolved(false, missing);
    const reader = flagValueType === 'object' ? OBJECT : flagValueType === 'number' ? NUMBER : TEXT;
    return this.#aiValue<JsonValue>(defaultValue, missing, reader as unknown as ValueReader<JsonValue>);
  }

  #ai(flag: AiFlag, context: Attributes, counted: boolean): AiAnswer | Promise<AiAnswer> {
    const read = this.#inputs.read(context);
    if (read instanceof Promise)
      return read.then((inputs) => this.#aiAnswer(flag, this.#decider.serve(flag.name, inputs, counted), inputs));
    return this.#aiAnswer(flag, this.#decider.serve(flag.name, read, counted), read);
  }

  #aiAnswer({ name, kind: flagKind }: AiFlag, { decision, reason, payload }: Served, { subject }: Inputs): AiAnswer {
    const shown = this.#lifecycle.stale ? 'STALE' : reason;
    return { kind: 'ai', name, flagKind, decision, reason: shown, payload, subject };
  }

  #plain(flag: PlainFlag, variant: PlainVariant): PlainAnswer {
    const enabled = variant.featureEnabled;
    return { kind: 'plain', name: flag.name, enabled, variant, reason: this.#plainReason(flag, enabled) };
  }

  #asker(context: Attributes): (name: string) => PlainVariant {
    return this.#flags.asker?.(context) ?? ((name) => this.#flags.variant(name, context));
  }

  #aiValue<T extends JsonValue>(defaultValue: T, answer: AiAnswer, reader: ValueReader<T>): ResolutionDetails<T> {
    const reading = aiValue(answer, reader);
    if (!reading.ok)
      return failed(defaultValue, reading.code, `${answer.name}: ${reading.message}`, this.#metadata(answer));
    if (reading.value !== undefined) return this.#resolved(reading.value, answer);
    return this.#resolved(defaultValue, answer, answer.decision.enabled ? 'DEFAULT' : undefined);
  }

  #plainBoolean(flag: PlainFlag, context: EvaluationContext): ResolutionDetails<boolean> {
    const enabled = this.#flags.isEnabled(flag.name, context);
    if (enabled) this.#observer?.look(flag, context);
    return resolved(enabled, this.#plainReason(flag, enabled), undefined, this.#plainMetadata);
  }

  #plainValue<T extends JsonValue>(
    flag: PlainFlag,
    defaultValue: T,
    context: EvaluationContext,
    reader: ValueReader<T>,
  ): ResolutionDetails<T> {
    const variant = this.#flags.variant(flag.name, context);
    if (variant.featureEnabled) this.#observer?.look(flag, context);
    if (!variant.enabled) return resolved(defaultValue, this.#plainReason(flag, false), undefined, this.#plainMetadata);
    const reading = reader.payload(variant.payload);
    if (!reading.ok)
      return failed(
        defaultValue,
        reading.code,
        `${flag.name}, variant ${variant.name}: ${reading.message}`,
        this.#plainMetadata,
      );
    const reason = this.#plainReason(flag, reading.value !== undefined);
    return resolved(reading.value ?? defaultValue, reason, variant.name, this.#plainMetadata);
  }

  #plainReason(flag: PlainFlag, answered: boolean): Reason {
    if (this.#lifecycle.stale) return 'STALE';
    if (answered) return 'TARGETING_MATCH';
    return flag.enabled ? 'DEFAULT' : 'DISABLED';
  }

  #notFound<T>(name: string, defaultValue: T): ResolutionDetails<T> {
    if (!this.#lifecycle.usable)
      return failed(defaultValue, ErrorCode.PROVIDER_NOT_READY, 'there are no flags yet', this.#plainMetadata);
    if (this.#unleashCompat) return resolved(defaultValue, 'DEFAULT', undefined, this.#plainMetadata);
    return failed(
      defaultValue,
      ErrorCode.FLAG_NOT_FOUND,
      `there is no flag ${JSON.stringify(name)}`,
      this.#plainMetadata,
    );
  }

  #resolved<T>(value: T, answer: AiAnswer, fallback?: Reason): ResolutionDetails<T> {
    const reason = fallback === undefined || answer.reason === 'STALE' ? answer.reason : fallback;
    return resolved(value, reason, answer.decision.variant, this.#metadata(answer));
  }

  #metadata({ decision, subject }: AiAnswer): FlagMetadata {
    return metadataOf(decision, subject, this.#flagSetId);
  }
}

function directoryOf(options: RampartProviderOptions, logger: Logger): TenantFactsCache | undefined {
  const { directory, directoryTtl: ttl, directorySize: size, directoryTimeout: timeout, now } = options;
  return directory && new TenantFactsCache({ directory, logger, ttl, size, timeout, now });
}
