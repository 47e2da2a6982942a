import {
  DefaultLogger,
  ErrorCode,
  type EvaluationContext,
  type FlagMetadata,
  type FlagValue,
  type Hook,
  type HookContext,
  type JsonValue,
  OpenFeatureEventEmitter,
  type Provider,
  type ResolutionDetails,
  SafeLogger,
  type TrackingEventDetails,
} from '@openfeature/server-sdk';
import type { PlainFlag } from '@rampart/core';
import { type AiAnswer, aiValue } from './answer.js';
import { EvaluationEngine } from './evaluation-engine.js';
import { Lifecycle } from './lifecycle.js';
import { metadataOf } from './metadata.js';
import type { RampartProviderOptions } from './options.js';
import { NUMBER, OBJECT, TEXT, type ValueReader } from './payload.js';
import { failed, type Reason, resolved } from './resolution.js';
import { startingHook } from './starting-hook.js';
import { Tracking } from './tracking.js';

/**
 * The OpenFeature provider. An AI flag evaluates to a decision that explains itself; anything missing or failing closes it, without
 * an error code. An ordinary flag evaluates as in the platform's own SDK.
 */
export class RampartProvider implements Provider {
  readonly metadata: { readonly name: 'rampart' } = { name: 'rampart' };
  readonly runsOn = 'server';
  readonly events: OpenFeatureEventEmitter = new OpenFeatureEventEmitter();
  /** Evaluates flags directly: typed decisions, bulk evaluations, explanations. */
  readonly engine: EvaluationEngine;
  readonly #hooks: Hook[];
  readonly #startingHook: Hook = startingHook((evaluation) => this.#resolveBeforeReady(evaluation));
  /** Whether OpenFeature passes evaluations to this provider instead of returning defaults. */
  #isDelegated = false;
  readonly #lifecycle: Lifecycle;
  readonly #tracking: Tracking;
  readonly #flagSetId: string | undefined;
  readonly #unleashCompat: boolean;
  readonly #plainMetadata: FlagMetadata | undefined;

  constructor(options: RampartProviderOptions) {
    const { flags, flagSetId, initTimeoutMs, staleAfterMs, trackers = [], hooks = [], unleashCompat = false } = options;
    const logger = new SafeLogger(options.logger ?? new DefaultLogger());
    const emit = this.events.emit.bind(this.events);
    this.#hooks = [...hooks];
    this.#flagSetId = flagSetId;
    this.#unleashCompat = unleashCompat;
    this.#plainMetadata = flagSetId === undefined ? undefined : Object.freeze({ flagSetId });
    this.#tracking = new Tracking({ flags, trackers, logger });
    this.#lifecycle = new Lifecycle({ flags, emit, logger, initTimeoutMs, staleAfterMs });
    this.engine = new EvaluationEngine(options, this.#lifecycle, logger);
  }

  /** The hooks of the options and, until OpenFeature passes evaluations to the provider, one that closes AI flags. */
  get hooks(): Hook[] {
    return this.#isDelegated ? this.#hooks : [...this.#hooks, this.#startingHook];
  }

  /**
   * Starts the flag source and the control source and waits for their first state; called by OpenFeature.
   *
   * @throws FinalStartError if the platform rejects the key, or the provider was closed
   * @throws ProviderNotReadyError if no flags arrive within `initTimeoutMs`
   */
  async initialize(): Promise<void> {
    this.#isDelegated = false;
    try {
      await this.engine.start();
    } finally {
      void this.#onStatusChange();
    }
  }

  // OpenFeature changes the status in the microtasks that follow this promise: one for a success, two for a failure.
  async #onStatusChange(): Promise<void> {
    for (let microtask = 0; microtask < 4; microtask += 1) await Promise.resolve();
    this.#isDelegated = true;
  }

  /** Sends the remaining usage metrics and stops. Idempotent; called by OpenFeature. */
  onClose(): Promise<void> {
    return this.engine.stop();
  }

  /** Sends an event to the flag platform's metrics and to every tracker; called by OpenFeature's `track`. Never throws. */
  track(name: string, context: EvaluationContext, details: TrackingEventDetails): void {
    this.#tracking.track(name, context, details);
  }

  async resolveBooleanEvaluation(
    name: string,
    defaultValue: boolean,
    context: EvaluationContext,
  ): Promise<ResolutionDetails<boolean>> {
    const flag = this.engine.flag(name);
    if (flag?.kind === 'plain') {
      const enabled = this.engine.isEnabled(flag, context);
      return resolved(enabled, this.engine.plainReason(flag, enabled), undefined, this.#plainMetadata);
    }
    if (flag === undefined) {
      const missing = this.engine.evaluateMissing(name, context);
      return missing === undefined ? this.#notFound(name, defaultValue) : this.#resolved(false, missing);
    }
    const pending = this.engine.evaluateAi(flag, context);
    const answer = pending instanceof Promise ? await pending : pending;
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
    const flag = this.engine.flag(name);
    if (flag?.kind === 'plain') return this.#resolvePlain(flag, defaultValue, context, reader);
    if (flag === undefined) {
      const missing = this.engine.evaluateMissing(name, context);
      return missing === undefined
        ? this.#notFound(name, defaultValue)
        : this.#resolveAi(defaultValue, missing, reader);
    }
    const pending = this.engine.evaluateAi(flag, context);
    return this.#resolveAi(defaultValue, pending instanceof Promise ? await pending : pending, reader);
  }

  #resolveBeforeReady(evaluation: HookContext): ResolutionDetails<FlagValue> | undefined {
    const { flagKey, flagValueType, defaultValue, context } = evaluation;
    const detail = this.#lifecycle.missingDetail === 'refused' ? 'refused' : 'not_ready';
    const missing = this.engine.evaluateMissing(flagKey, context, detail);
    if (missing === undefined) return undefined;
    if (flagValueType === 'boolean') return this.#resolved(false, missing);
    const reader = flagValueType === 'object' ? OBJECT : flagValueType === 'number' ? NUMBER : TEXT;
    return this.#resolveAi<JsonValue>(defaultValue, missing, reader as unknown as ValueReader<JsonValue>);
  }

  #resolveAi<T extends JsonValue>(defaultValue: T, answer: AiAnswer, reader: ValueReader<T>): ResolutionDetails<T> {
    const reading = aiValue(answer, reader);
    if (!reading.ok)
      return failed(defaultValue, reading.code, `${answer.name}: ${reading.message}`, this.#metadata(answer));
    if (reading.value !== undefined) return this.#resolved(reading.value, answer);
    return this.#resolved(defaultValue, answer, answer.decision.enabled ? 'DEFAULT' : undefined);
  }

  #resolvePlain<T extends JsonValue>(
    flag: PlainFlag,
    defaultValue: T,
    context: EvaluationContext,
    reader: ValueReader<T>,
  ): ResolutionDetails<T> {
    const { enabled, name, payload } = this.engine.variant(flag, context);
    const metadata = this.#plainMetadata;
    if (!enabled) return resolved(defaultValue, this.engine.plainReason(flag, false), undefined, metadata);
    const reading = reader.payload(payload);
    if (!reading.ok)
      return failed(defaultValue, reading.code, `${flag.name}, variant ${name}: ${reading.message}`, metadata);
    const reason = this.engine.plainReason(flag, reading.value !== undefined);
    return resolved(reading.value ?? defaultValue, reason, name, metadata);
  }

  #notFound<T>(name: string, defaultValue: T): ResolutionDetails<T> {
    const metadata = this.#plainMetadata;
    if (!this.#lifecycle.hasFlags)
      return failed(defaultValue, ErrorCode.PROVIDER_NOT_READY, 'there are no flags yet', metadata);
    if (this.#unleashCompat) return resolved(defaultValue, 'DEFAULT', undefined, metadata);
    return failed(defaultValue, ErrorCode.FLAG_NOT_FOUND, `there is no flag ${JSON.stringify(name)}`, metadata);
  }

  #resolved<T>(value: T, answer: AiAnswer, fallback?: Reason): ResolutionDetails<T> {
    const reason = fallback === undefined || answer.reason === 'STALE' ? answer.reason : fallback;
    return resolved(value, reason, answer.decision.variant, this.#metadata(answer));
  }

  #metadata({ decision, subject }: AiAnswer): FlagMetadata {
    return metadataOf(decision, subject, this.#flagSetId);
  }
}
