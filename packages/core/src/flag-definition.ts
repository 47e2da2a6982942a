/** A variant as Unleash's client API sends it. */
export interface VariantDefinition {
  readonly name: string;
  readonly weight: number;
  readonly payload?: { readonly type: string; readonly value: string } | undefined;
  readonly [key: string]: unknown;
}

/** A rule as Unleash's client API sends it, its segments resolved (undefined: a segment that is missing). */
export interface RuleDefinition {
  readonly name: string;
  readonly parameters?: unknown;
  readonly constraints?: readonly unknown[] | undefined;
  readonly segments?: readonly ({ readonly constraints?: readonly unknown[] | undefined } | undefined)[] | undefined;
  readonly variants?: readonly VariantDefinition[] | undefined;
}

/** A flag as Unleash's client API sends it. */
export interface FlagDefinition {
  readonly name: string;
  readonly enabled: boolean;
  readonly strategies?: readonly RuleDefinition[] | undefined;
  readonly variants?: readonly VariantDefinition[] | undefined;
  readonly dependencies?: readonly DependencyDefinition[] | undefined;
  readonly [key: string]: unknown;
}

/** A parent that a flag depends on. */
export interface DependencyDefinition {
  readonly feature: string;
  readonly enabled?: boolean | undefined;
  readonly variants?: readonly string[] | undefined;
}
