import type { Decision } from './decision.js';
import type { FlagDefinition } from './flag-definition.js';
import type { JsonValue } from './json.js';
import type { AccessPolicy, StagePolicy } from './parameters.js';
import type { Problem } from './problem.js';
import type { Subject } from './subject.js';

/** The name of a variant that holds a share of the subjects out: not enabled, exposure counted. */
export const HOLDOUT = 'off';

/** What an operator's constraints and segments say of a subject. Absent where a rule has none. */
export type Targeting = (subject: Subject) => boolean;

/** A variant of a change: the binding is its parsed payload. */
export interface Variant {
  readonly name: string;
  /** JSON payloads parsed and frozen, numbers as numbers, other text as it is; undefined without a payload. */
  readonly binding: JsonValue | undefined;
  /** Set where the payload can't be read or doesn't fit the schema of its feature. */
  readonly problem: Problem | undefined;
}

/** One `aiStage` rule. */
export interface StageRule {
  readonly policy: StagePolicy;
  /** The rule's parameters as the flag platform holds them: the same object, so that a strategy knows its rule again. */
  readonly source: unknown;
  readonly targeting: Targeting | undefined;
  readonly variants: readonly Variant[];
  /** The subject's variant; undefined where the weights leave none. */
  readonly select: ((subject: Subject) => Variant | undefined) | undefined;
}

/** A flag that says who may have a feature. */
export interface FeatureFlag {
  readonly kind: 'feature';
  readonly name: string;
  readonly enabled: boolean;
  /**
   * Whether the flag is on, or customers could use the feature before it was switched off. False for a feature that is off and was
   * never launched: its answer is `off`, not `unavailable`.
   */
  readonly launched: boolean;
  /** Undefined where the flag is misconfigured; `problems` says why. */
  readonly access: AccessPolicy | undefined;
  readonly targeting: Targeting | undefined;
  readonly problems: readonly Problem[];
  readonly revision: string;
}

/** A flag that says who gets one change of a feature now. */
export interface ChangeFlag {
  readonly kind: 'change';
  readonly name: string;
  readonly enabled: boolean;
  readonly feature: string | undefined;
  readonly rules: readonly StageRule[];
  /** The tenants that any rule forces off. */
  readonly forceOff: ReadonlySet<string>;
  /** Names of the changes that this one takes over from, as any of its rules names them. */
  readonly replaces: ReadonlySet<string>;
  readonly problems: readonly Problem[];
  readonly revision: string;
}

/** An ordinary flag that an `aiAccess` parent, or the provider's `gates` map, puts behind a feature's gates. */
export interface GatedFlag {
  readonly kind: 'gated';
  readonly name: string;
  readonly enabled: boolean;
  readonly feature: string;
  readonly problems: readonly Problem[];
  readonly revision: string;
}

/** A flag that Rampart has nothing to say about. */
export interface PlainFlag {
  readonly kind: 'plain';
  readonly name: string;
  readonly enabled: boolean;
}

export type Flag = FeatureFlag | ChangeFlag | GatedFlag | PlainFlag;

/** All flags of an environment at one moment. */
export interface FlagSnapshot {
  flag(name: string): Flag | undefined;
  names(): readonly string[];
  /** The changes of a feature, by name. */
  changesOf(feature: string): readonly ChangeFlag[];
  /** A flag as the platform holds it; a snapshot of tests may hold none. */
  definition?(name: string): FlagDefinition | undefined;
  /** An evaluation that replaces the decision, for tests of services. Snapshots of a flag platform have none. */
  fixedEvaluation?(name: string, subject: Subject): Evaluation | undefined;
}

/** The standard reasons that a decision can have. */
export type DecisionReason = 'DISABLED' | 'SPLIT' | 'TARGETING_MATCH';

/** A decision and what its caller reports about it. */
export interface Evaluation {
  readonly decision: Decision;
  readonly reason: DecisionReason;
  /** The variant to count as shown, holdouts included. */
  readonly exposed: string | undefined;
  /** The rule that opened, shadow and holdouts included. */
  readonly rule: StageRule | undefined;
}
