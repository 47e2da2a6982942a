import type { Logger } from '@openfeature/server-sdk';
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
import type { AiAnswer, Answer, AnswerOptions, PlainAnswer } from './answer.js';
import { type AiFlag, Decider, type EvaluatedFlag } from './decider.js';
import { GateDryRun } from './gate-dry-run.js';
import { InputReader, type Inputs } from './inputs.js';
import type { Lifecycle } from './lifecycle.js';
import { MissingFlags } from './missing-flags.js';
import type { RampartProviderOptions } from './options.js';
import { type MissingDetail, missingDecision, NO_FLAGS, plainDecision } from './other-decisions.js';
import type { Reason } from './resolution.js';
import { TenantFactsCache } from './tenant-facts-cache.js';

/** Evaluates flags from the flag source, the control source and the tenant directory, without OpenFeature's types. */
export class EvaluationEngine {
  readonly #flags: FlagSource;
  readonly #control: ControlSource;
  readonly #lifecycle: Lifecycle;
  readonly #inputs: InputReader;
  readonly #settings: DecideSettings;
  readonly #decider: Decider;
  readonly #missing: MissingFlags;
  readonly #gateDryRun: GateDryRun | undefined;

  constructor(options: RampartProviderOptions, lifecycle: Lifecycle, logger: Logger) {
    const { flags, control, observe, directory, now } = options;
    const names = { ...DEFAULT_CONTEXT_NAMES, ...options.contextNames };
    const facts = directory && new TenantFactsCache({ ...directory, now, logger });
    const inputs = new InputReader({ control, directory: facts, names, logger });
    const settings: DecideSettings = { tiers: readTiers(options.tiers) };
    const decider = new Decider({ flags, settings, tierName: names.tier, logger });
    this.#flags = flags;
    this.#control = control;
    this.#lifecycle = lifecycle;
    this.#inputs = inputs;
    this.#settings = settings;
    this.#decider = decider;
    this.#missing = new MissingFlags({ flags, inputs, logger, isStale: () => lifecycle.isStale });
    this.#gateDryRun = observe && new GateDryRun({ features: observe, decider, inputs, logger });
  }

  /** Starts the flag source and the control source. Rejects as {@link Lifecycle.start} does. */
  async start(): Promise<void> {
    await Promise.all([this.#lifecycle.start(), this.#control.start?.()]);
  }

  /** Stops both sources. Idempotent. */
  async stop(): Promise<void> {
    await Promise.all([this.#lifecycle.stop(), this.#control.stop?.()]);
  }

  /** `none` while there are no flags; `stale` if they are older than `staleAfterMs` allows, or from a backup. */
  get freshness(): 'none' | 'stale' | 'fresh' {
    if (!this.#lifecycle.hasFlags) return 'none';
    return this.#lifecycle.isStale ? 'stale' : 'fresh';
  }

  /**
   * Decides one flag synchronously and counts one evaluation. Uses this context only, not OpenFeature's global one. Facts or a
   * control state that aren't cached count as unknown, which closes, and are fetched for the next call; {@link prepare} fetches
   * them first.
   */
  decide(name: string, context: Attributes): Decision {
    const flag = this.flag(name);
    if (flag === undefined) {
      const detail = this.#lifecycle.missingDetail;
      return this.#missing.kindOf(name) === undefined ? missingDecision(detail) : this.#missing.decision(name, detail);
    }
    if (flag.kind === 'plain') return plainDecision(flag, this.#flags.variant(name, context));
    return this.#decider.evaluate(name, this.#inputs.readCached(context)).decision;
  }

  /**
   * Decides every AI flag by name, from one flag snapshot, one context and one control state. Counts no usage: a bulk
   * evaluation is no exposure. Synchronous, as {@link decide}.
   */
  decideAll(context: Attributes): ReadonlyMap<string, Decision> {
    return this.#lifecycle.hasFlags ? this.#decider.evaluateAll(this.#inputs.readCached(context)) : new Map();
  }

  /** The decision with the result of every gate, from the inputs of {@link decide}. Counts no usage. */
  explain(name: string, context: Attributes): Explanation {
    const { subject, control } = this.#inputs.readCached(context);
    return explain(this.#snapshot(), name, subject, control, this.#settings);
  }

  /** Fetches the inputs that {@link decide} and {@link decideAll} would lack for this context. Never rejects. */
  async prepare(context: Attributes): Promise<void> {
    await this.#inputs.read(context);
  }

  /** The subject with the directory's facts, and the control state; a promise, which never rejects, if something is fetched. */
  readInputs(context: Attributes): Inputs | Promise<Inputs> {
    return this.#inputs.read(context);
  }

  /**
   * Evaluates one flag for a server that is no OpenFeature SDK. Synchronous if the inputs are cached; else a promise, which
   * never rejects.
   */
  evaluate(name: string, context: Attributes, options: AnswerOptions = {}): Answer | Promise<Answer> {
    const { counted = true, plain = context } = options;
    const flag = this.flag(name);
    if (flag === undefined)
      return this.evaluateMissing(name, context) ?? { kind: 'missing', name, ready: this.#lifecycle.hasFlags };
    if (flag.kind !== 'plain') return this.evaluateAi(flag, context, counted);
    const variant = counted ? this.#flags.variant(name, plain) : this.#bulkEvaluator(plain)(name);
    if (counted && variant.featureEnabled) this.#gateDryRun?.compare(flag, plain);
    return this.#plainAnswer(flag, variant);
  }

  /**
   * Evaluates every flag from one snapshot, one context and one control state. Counts no usage: a bulk evaluation is no exposure.
   *
   * @param inputs the result of {@link readInputs}
   * @param plain the context of ordinary flags, if it holds more than AI flags may read
   */
  evaluateAll(inputs: Inputs, plain: Attributes = inputs.subject.attributes): readonly (AiAnswer | PlainAnswer)[] {
    const snapshot = this.#snapshot();
    const memo: VerdictMemo = new Map();
    const evaluatePlain = this.#bulkEvaluator(plain);
    const answers: (AiAnswer | PlainAnswer)[] = [];
    for (const name of snapshot.names()) {
      const flag = snapshot.flag(name);
      if (flag === undefined) continue;
      if (flag.kind === 'plain') answers.push(this.#plainAnswer(flag, evaluatePlain(name)));
      else answers.push(this.#aiAnswer(flag, this.#decider.evaluateUncounted(snapshot, flag, inputs, memo), inputs));
    }
    return answers;
  }

  /** The flag; undefined for every name before the first flags and after a refused start. */
  flag(name: string): Flag | undefined {
    return this.#snapshot().flag(name);
  }

  /** Evaluates an AI flag; a promise, which never rejects, if its inputs are fetched first. */
  evaluateAi(flag: AiFlag, context: Attributes, counted = true): AiAnswer | Promise<AiAnswer> {
    const inputs = this.#inputs.read(context);
    return inputs instanceof Promise
      ? inputs.then((fetched) => this.#decideAi(flag, fetched, counted))
      : this.#decideAi(flag, inputs, counted);
  }

  /** Evaluates a missing AI flag: closed; undefined for an ordinary flag. */
  evaluateMissing(
    name: string,
    context: Attributes,
    detail: MissingDetail = this.#lifecycle.missingDetail,
  ): AiAnswer | undefined {
    return this.#missing.answer(name, context, detail);
  }

  /** Whether an ordinary flag is on, by the platform's own SDK; counts usage. */
  isEnabled(flag: PlainFlag, context: Attributes): boolean {
    const enabled = this.#flags.isEnabled(flag.name, context);
    if (enabled) this.#gateDryRun?.compare(flag, context);
    return enabled;
  }

  /** The variant of an ordinary flag, by the platform's own SDK; counts usage. */
  variant(flag: PlainFlag, context: Attributes): PlainVariant {
    const variant = this.#flags.variant(flag.name, context);
    if (variant.featureEnabled) this.#gateDryRun?.compare(flag, context);
    return variant;
  }

  /** OpenFeature's reason for an ordinary flag. @param hasValue false if the caller's default is returned */
  plainReason(flag: PlainFlag, hasValue: boolean): Reason {
    if (this.#lifecycle.isStale) return 'STALE';
    if (hasValue) return 'TARGETING_MATCH';
    return flag.enabled ? 'DEFAULT' : 'DISABLED';
  }

  #snapshot(): FlagSnapshot {
    return this.#lifecycle.hasFlags ? this.#flags.snapshot() : NO_FLAGS;
  }

  #decideAi(flag: AiFlag, inputs: Inputs, counted: boolean): AiAnswer {
    return this.#aiAnswer(flag, this.#decider.evaluate(flag.name, inputs, counted), inputs);
  }

  #aiAnswer({ name, kind: flagKind }: AiFlag, evaluated: EvaluatedFlag, { subject }: Inputs): AiAnswer {
    const { decision, payload } = evaluated;
    const reason = this.#lifecycle.isStale ? 'STALE' : evaluated.reason;
    return { kind: 'ai', name, flagKind, decision, reason, payload, subject };
  }

  #plainAnswer(flag: PlainFlag, variant: PlainVariant): PlainAnswer {
    const enabled = variant.featureEnabled;
    return { kind: 'plain', name: flag.name, enabled, variant, reason: this.plainReason(flag, enabled) };
  }

  #bulkEvaluator(context: Attributes): (name: string) => PlainVariant {
    return this.#flags.asker?.(context) ?? ((name) => this.#flags.variant(name, context));
  }
}
