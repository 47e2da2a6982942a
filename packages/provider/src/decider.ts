import type { Logger } from '@openfeature/server-sdk';
import {
  type DecideSettings,
  type Decision,
  type DecisionReason,
  decide,
  type Evaluation,
  type Flag,
  type FlagSnapshot,
  type FlagSource,
  type GatedFlag,
  type PlainFlag,
  type Subject,
  tierRank,
  type VerdictMemo,
} from '@rampart/core';
import { errorName } from './error-name.js';
import type { Inputs } from './inputs.js';
import { failedDecision, withVariant } from './other-decisions.js';
import type { Payload } from './payload.js';

/** A flag with a Rampart strategy, or behind a feature's gates. */
export type AiFlag = Exclude<Flag, PlainFlag>;

/** A decision with its OpenFeature reason and payload. */
export interface EvaluatedFlag {
  readonly decision: Decision;
  readonly reason: DecisionReason;
  /** The variant's payload, of a gated flag that is on. */
  readonly payload: Payload;
}

/** Options of {@link Decider}. */
export interface DeciderOptions {
  readonly flags: FlagSource;
  readonly settings: DecideSettings;
  /** The context attribute with the tier. */
  readonly tierName: string;
  readonly logger: Logger;
}

/** Decides AI flags: core's gates, then the platform's own evaluation of a gated flag. Counts each evaluation once. */
export class Decider {
  readonly #flags: FlagSource;
  readonly #settings: DecideSettings;
  readonly #tierName: string;
  readonly #logger: Logger;

  constructor({ flags, settings, tierName, logger }: DeciderOptions) {
    this.#flags = flags;
    this.#settings = settings;
    this.#tierName = tierName;
    this.#logger = logger;
  }

  /** Decides one flag and counts the usage unless `counted` is false. Never throws: a failure closes the flag. */
  evaluate(name: string, inputs: Inputs, counted = true): EvaluatedFlag {
    const snapshot = this.#flags.snapshot();
    const flag = snapshot.flag(name);
    try {
      const evaluation = decide(snapshot, name, inputs.subject, inputs.control, this.#settings);
      if (flag?.kind === 'gated') return this.#gated(flag, inputs, evaluation, counted);
      if (counted) this.#report(name, flag, inputs, evaluation);
      return { decision: evaluation.decision, reason: evaluation.reason, payload: undefined };
    } catch (error) {
      return this.#failed(name, error);
    }
  }

  /** Decides every AI flag of one snapshot. Counts no usage: a bulk evaluation is no exposure. */
  evaluateAll(inputs: Inputs): Map<string, Decision> {
    const snapshot = this.#flags.snapshot();
    const memo: VerdictMemo = new Map();
    const decisions = new Map<string, Decision>();
    for (const name of snapshot.names()) {
      const flag = snapshot.flag(name);
      if (flag !== undefined && flag.kind !== 'plain')
        decisions.set(name, this.evaluateUncounted(snapshot, flag, inputs, memo).decision);
    }
    return decisions;
  }

  /** Decides one flag of a bulk evaluation; `memo` shares the verdicts on changes with their features. */
  evaluateUncounted(snapshot: FlagSnapshot, flag: AiFlag, inputs: Inputs, memo: VerdictMemo): EvaluatedFlag {
    try {
      const evaluation = decide(snapshot, flag.name, inputs.subject, inputs.control, this.#settings, memo);
      if (flag.kind === 'gated') return this.#gated(flag, inputs, evaluation, false);
      return { decision: evaluation.decision, reason: evaluation.reason, payload: undefined };
    } catch (error) {
      return this.#failed(flag.name, error);
    }
  }

  /** Decides an ordinary flag as if a feature's gates applied to it. Counts no usage. */
  dryRun(flag: PlainFlag, feature: string, { subject, control }: Inputs): Decision {
    const current = this.#flags.snapshot();
    const gated: GatedFlag = {
      kind: 'gated',
      name: flag.name,
      enabled: flag.enabled,
      feature,
      problems: [],
      revision: '',
    };
    const snapshot: FlagSnapshot = {
      flag: (name) => (name === flag.name ? gated : current.flag(name)),
      names: () => current.names(),
      changesOf: (name) => current.changesOf(name),
    };
    return decide(snapshot, flag.name, subject, control, this.#settings).decision;
  }

  // The platform counts its own evaluations; a flag with a closed gate never reaches it.
  #gated(flag: GatedFlag, { subject }: Inputs, { decision, reason }: Evaluation, counted: boolean): EvaluatedFlag {
    if (!decision.enabled) {
      if (counted) this.#reportOne(flag.name, false, undefined, subject);
      return { decision: this.#soleObstacle(flag, subject, decision), reason, payload: undefined };
    }
    const variant = this.#flags.variantBehindGate(flag.name, flag.feature, subject.attributes, counted);
    if (!variant.featureEnabled) {
      return { decision: closedByFlag(decision), reason, payload: undefined };
    }
    return { decision: withVariant(decision, variant), reason, payload: variant.enabled ? variant.payload : undefined };
  }

  // No paywall or consent request if the flag's own strategies would still close the flag.
  #soleObstacle(flag: GatedFlag, { attributes, tier }: Subject, decision: Decision): Decision {
    if (decision.outcome !== 'paywall' && decision.outcome !== 'consent_required') return decision;
    const feature = this.#flags.snapshot().flag(flag.feature);
    const minTier = feature?.kind === 'feature' ? feature.access?.minTier : undefined;
    const { tiers } = this.#settings;
    const isTierTooLow = minTier !== undefined && tier !== undefined && tierRank(tiers, tier) < tiers.indexOf(minTier);
    const withTier = isTierTooLow ? { ...attributes, [this.#tierName]: minTier } : attributes;
    const { featureEnabled } = this.#flags.variantBehindGate(flag.name, flag.feature, withTier, false);
    return featureEnabled ? decision : closedByFlag(decision);
  }

  // Counts the feature as evaluated and the change that decided as served.
  #report(name: string, flag: Flag | undefined, { subject }: Inputs, { decision, exposed }: Evaluation): void {
    if (flag === undefined) return;
    const { change, enabled } = decision;
    const isFeature = flag.kind === 'feature';
    this.#reportOne(name, enabled, isFeature ? undefined : exposed, subject);
    const isChangeServed = isFeature && (enabled || exposed !== undefined);
    if (isChangeServed && change !== undefined) this.#reportOne(change, enabled, exposed, subject);
  }

  #reportOne(name: string, enabled: boolean, variant: string | undefined, subject: Subject): void {
    try {
      this.#flags.count(name, enabled, variant);
      this.#flags.impression?.(name, subject, enabled, variant);
    } catch (error) {
      this.#logger.warn(`rampart: counting usage of ${name} failed (${errorName(error)})`);
    }
  }

  #failed(name: string, error: unknown): EvaluatedFlag {
    this.#logger.error(`rampart: deciding ${name} failed (${errorName(error)}); it is closed`);
    return { decision: failedDecision(), reason: 'TARGETING_MATCH', payload: undefined };
  }
}

/** The decision on a gated flag that its own strategies close. */
function closedByFlag(decision: Decision): Decision {
  return { ...decision, outcome: 'off', enabled: false, gate: 'targeting', detail: 'flag', paywall: undefined };
}
