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
import { kindOf } from './directory.js';
import type { Inputs } from './inputs.js';
import { failedDecision, withVariant } from './other-decisions.js';
import type { Payload } from './payload.js';

/** A flag that carries a Rampart strategy or stands behind one. */
export type AiFlag = Exclude<Flag, PlainFlag>;

/** A decision, with what value mapping and reporting need besides. */
export interface Served {
  readonly decision: Decision;
  readonly reason: DecisionReason;
  /** The variant's payload, of a gated flag that is on. */
  readonly payload: Payload;
}

/** Options of {@link Decider}. */
export interface DeciderOptions {
  readonly flags: FlagSource;
  readonly settings: DecideSettings;
  /** The attribute that holds the tier. */
  readonly tierName: string;
  readonly logger: Logger;
}

/** Decides AI flags: core's gates, then, for a gated flag, the platform's own answer. Reports each answer once. */
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

  /** Answers a question, and counts it as served unless told not to. Never throws: a failure closes. */
  serve(name: string, inputs: Inputs, counted = true): Served {
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

  /** Decides every AI flag over one snapshot. A bulk question is no exposure: nothing is counted. */
  all(inputs: Inputs): Map<string, Decision> {
    const snapshot = this.#flags.snapshot();
    const memo: VerdictMemo = new Map();
    const decisions = new Map<string, Decision>();
    for (const name of snapshot.names()) {
      const flag = snapshot.flag(name);
      if (flag !== undefined && flag.kind !== 'plain')
        decisions.set(name, this.quietly(snapshot, flag, inputs, memo).decision);
    }
    return decisions;
  }

  /** One of many flags over one snapshot; verdicts on changes are remembered for the features that ask them again. */
  quietly(snapshot: FlagSnapshot, flag: AiFlag, inputs: Inputs, memo: VerdictMemo): Served {
    try {
      const evaluation = decide(snapshot, flag.name, inputs.subject, inputs.control, this.#settings, memo);
      if (flag.kind === 'gated') return this.#gated(flag, inputs, evaluation, false);
      return { decision: evaluation.decision, reason: evaluation.reason, payload: undefined };
    } catch (error) {
      return this.#failed(flag.name, error);
    }
  }

  /** What a flag would answer behind a feature's gates. Counts nothing. */
  wouldDecide(flag: PlainFlag, feature: string, { subject, control }: Inputs): Decision {
    const now = this.#flags.snapshot();
    const gated: GatedFlag = {
      kind: 'gated',
      name: flag.name,
      enabled: flag.enabled,
      feature,
      problems: [],
      revision: '',
    };
    const snapshot: FlagSnapshot = {
      flag: (name) => (name === flag.name ? gated : now.flag(name)),
      names: () => now.names(),
      changesOf: (name) => now.changesOf(name),
    };
    return decide(snapshot, flag.name, subject, control, this.#settings).decision;
  }

  // The platform counts what it answers itself; a closed gate never reaches it.
  #gated(flag: GatedFlag, { subject }: Inputs, { decision, reason }: Evaluation, counted: boolean): Served {
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

  // Neither paying nor consenting is offered where the flag's own strategies would still say no.
  #soleObstacle(flag: GatedFlag, { attributes, tier }: Subject, decision: Decision): Decision {
    if (decision.outcome !== 'paywall' && decision.outcome !== 'consent_required') return decision;
    const feature = this.#flags.snapshot().flag(flag.feature);
    const minTier = feature?.kind === 'feature' ? feature.access?.minTier : undefined;
    const { tiers } = this.#settings;
    const below = minTier !== undefined && tier !== undefined && tierRank(tiers, tier) < tiers.indexOf(minTier);
    const lifted = below ? { ...attributes, [this.#tierName]: minTier } : attributes;
    const { featureEnabled } = this.#flags.variantBehindGate(flag.name, flag.feature, lifted, false);
    return featureEnabled ? decision : closedByFlag(decision);
  }

  // A feature is counted as asked, and the change that answered as served.
  #report(name: string, flag: Flag | undefined, { subject }: Inputs, { decision, exposed }: Evaluation): void {
    if (flag === undefined) return;
    const { change, enabled } = decision;
    const asked = flag.kind === 'feature';
    this.#reportOne(name, enabled, asked ? undefined : exposed, subject);
    const answered = asked && (enabled || exposed !== undefined);
    if (answered && change !== undefined) this.#reportOne(change, enabled, exposed, subject);
  }

  #reportOne(name: string, enabled: boolean, variant: string | undefined, subject: Subject): void {
    try {
      this.#flags.count(name, enabled, variant);
      this.#flags.impression?.(name, subject, enabled, variant);
    } catch (error) {
      this.#logger.warn(`rampart: reporting the use of ${name} failed (${kindOf(error)})`);
    }
  }

  #failed(name: string, error: unknown): Served {
    this.#logger.error(`rampart: deciding ${name} failed (${kindOf(error)}); it is closed`);
    return { decision: failedDecision(), reason: 'TARGETING_MATCH', payload: undefined };
  }
}

/** Closed by the own strategies of a flag behind a feature's gates. */
function closedByFlag(decision: Decision): Decision {
  return { ...decision, outcome: 'off', enabled: false, gate: 'targeting', detail: 'flag', paywall: undefined };
}
