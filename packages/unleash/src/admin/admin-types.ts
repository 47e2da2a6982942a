import type { ParameterDefinition } from '@rampart/core';

/** A strategy type as the server knows it. */
export interface InstalledStrategy {
  readonly name: string;
  readonly description: string;
  /** False for those that come with Unleash. */
  readonly editable: boolean;
  readonly deprecated: boolean;
  readonly parameters: readonly ParameterDefinition[];
}

/** One allowed value of a context field. */
export interface LegalValue {
  readonly value: string;
  readonly description?: string | undefined;
}

/** A context field that constraints and stickiness can name. */
export interface ContextField {
  readonly name: string;
  /** At most 250 characters. */
  readonly description: string;
  /** Whether percentages and variants may be split by it. */
  readonly stickiness: boolean;
  /** Where there are any, Unleash refuses constraints on other values, for every text operator. */
  readonly legalValues: readonly LegalValue[];
}

/** What Unleash calls a constraint. */
export interface Constraint {
  readonly contextName: string;
  readonly operator: string;
  readonly values: readonly string[];
  readonly value?: string | undefined;
  readonly inverted: boolean;
  readonly caseInsensitive: boolean;
}

/** A variant of a rule; weights are thousandths and add up to 1000. */
export interface RuleVariant {
  readonly name: string;
  readonly weight: number;
  readonly weightType?: string | undefined;
  readonly stickiness?: string | undefined;
  readonly payload?: { readonly type: string; readonly value: string } | undefined;
}

/** One rule (Unleash: feature strategy) of a flag in an environment, to be added. */
export interface NewRule {
  /** The strategy's name. */
  readonly name: string;
  readonly title?: string;
  readonly disabled?: boolean;
  readonly parameters: Readonly<Record<string, string>>;
  readonly constraints?: readonly Constraint[];
  /** Ids of segments. */
  readonly segments?: readonly number[];
  readonly variants?: readonly RuleVariant[];
  readonly sortOrder?: number;
}

/** One rule of a flag in an environment. */
export interface Rule {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  /** Disabled rules never reach clients. */
  readonly disabled: boolean;
  readonly parameters: Readonly<Record<string, string>>;
  readonly constraints: readonly Constraint[];
  readonly segments: readonly number[];
  readonly variants: readonly RuleVariant[];
  readonly sortOrder: number;
}

/** A parent that a flag depends on. */
export interface FlagDependency {
  readonly feature: string;
  /** Whether the parent must be on (or, false, off). */
  readonly enabled: boolean;
  /** Where not empty, the parent must give one of these variants. */
  readonly variants: readonly string[];
}

/** A flag in one environment. */
export interface FlagEnvironment {
  readonly name: string;
  readonly enabled: boolean;
  readonly strategies: readonly Rule[];
}

/** A flag with everything that the admin API says of it. */
export interface AdminFlag {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly project: string;
  readonly archived: boolean;
  readonly stale: boolean;
  readonly impressionData: boolean;
  readonly environments: readonly FlagEnvironment[];
  /** Its parents; Unleash allows one. */
  readonly dependencies: readonly FlagDependency[];
  /** The flags that depend on it. */
  readonly children: readonly string[];
}

/** A flag in the list of its project. */
export interface ListedFlag {
  readonly name: string;
  /** `variantCount` counts the older kind of variants, on the flag rather than on its rules. */
  readonly environments: readonly { readonly name: string; readonly variantCount: number }[];
}

/** A reusable set of constraints. */
export interface Segment {
  readonly id: number;
  readonly name: string;
  readonly constraints: readonly Constraint[];
}

/** One entry of Unleash's event log. */
export interface AdminEvent {
  readonly id: number;
  readonly type: string;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly featureName?: string | undefined;
  readonly project?: string | undefined;
  readonly environment?: string | undefined;
  readonly data?: unknown;
  readonly preData?: unknown;
}

/** An application (service) as Unleash knows it from its SDKs. */
export interface Application {
  readonly name: string;
  /** The strategies that its SDK registered last. Empty where it sends usage metrics alone, as browsers do. */
  readonly strategies: readonly string[];
  /** The projects whose flags it reads; `*` stands for all. Empty where Unleash doesn't know. */
  readonly projects: readonly string[];
}

/** Which Unleash answers. */
export interface InstanceInfo {
  /** The version that runs, e.g. `8.2.0`. */
  readonly version: string;
  /** `Open Source`, `Pro` or `Enterprise`, as the server names it. */
  readonly edition: string;
}
