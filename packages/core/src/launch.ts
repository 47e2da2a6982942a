import { type CompileSettings, isFeature, isOurs, rulesOf } from './compile.js';
import type { FlagDefinition, RuleDefinition } from './flag-definition.js';
import { parseStage, type StagePolicy } from './parameters.js';

/** What {@link findLaunched} needs besides the definitions. */
export type LaunchSettings = Pick<CompileSettings, 'tiers' | 'prefix' | 'gates'>;

/** The features that customers can use, or could if the feature's flag were on. */
export interface Launch {
  /** Features whose own flag may be off: an enabled change or an enabled ordinary flag behind them is open to customers. */
  readonly prepared: ReadonlySet<string>;
  /** Features whose flag is on and that customers can use. */
  readonly live: ReadonlySet<string>;
}

/**
 * Finds the launched features of one moment. A feature is launched by an enabled change with a rule outside shadow for more than the
 * `internal` and `dogfood` cohorts, by an enabled ordinary flag behind the feature, or, without changes, by its own flag.
 * Flags don't store whether they were on before, so a feature whose flag is off counts as launched if it is `prepared`.
 */
export function findLaunched(definitions: ReadonlyMap<string, FlagDefinition>, settings: LaunchSettings): Launch {
  const prepared = new Set<string>();
  const withChanges = new Set<string>();
  for (const definition of definitions.values()) {
    if (isFeature(definition)) continue;
    const feature = parentOf(definition, definitions, settings);
    if (feature === undefined) continue;
    const isChange = isOurs(definition.name, settings) || hasStageRule(definition);
    if (isChange) withChanges.add(feature);
    if (!definition.enabled) continue;
    if (!isChange || (!isShadowOnly(definitions.get(feature)) && reachesCustomers(definition, settings)))
      prepared.add(feature);
  }
  const live = new Set<string>();
  for (const definition of definitions.values()) {
    const { name, enabled } = definition;
    if (enabled && isFeature(definition) && (prepared.has(name) || !withChanges.has(name))) live.add(name);
  }
  return { prepared, live };
}

function parentOf(
  { name, dependencies }: FlagDefinition,
  definitions: ReadonlyMap<string, FlagDefinition>,
  { gates }: LaunchSettings,
): string | undefined {
  return gates?.get(name) ?? dependencies?.find(({ feature }) => isFeature(definitions.get(feature)))?.feature;
}

function hasStageRule(definition: FlagDefinition): boolean {
  return rulesOf(definition).some(({ name }) => name === 'aiStage');
}

function isShadowOnly(feature: FlagDefinition | undefined): boolean {
  const access = feature && rulesOf(feature).find(({ name }) => name === 'aiAccess');
  return (access?.parameters as { readonly maxMode?: unknown } | undefined)?.maxMode === 'shadow';
}

// A change with a rule that can't be read is closed as a whole.
function reachesCustomers(definition: FlagDefinition, { tiers }: LaunchSettings): boolean {
  const policies = rulesOf(definition).map((rule) => readRule(definition.name, rule, tiers));
  return policies.every((policy) => policy !== undefined) && policies.some(isForCustomers);
}

function readRule(flag: string, { name, parameters }: RuleDefinition, tiers: readonly string[]) {
  const parsed = name === 'aiStage' ? parseStage(flag, parameters, tiers) : undefined;
  return parsed?.ok ? parsed.value : undefined;
}

// The percentage applies to the cohort that the stage adds; narrower cohorts are in completely.
function isForCustomers({ stage, mode, rollout, tenants, tiers, forceOn }: StagePolicy): boolean {
  if (mode === 'shadow') return false;
  if (forceOn.size > 0) return true;
  switch (stage) {
    case 'internal':
    case 'dogfood':
      return false;
    case 'canary':
      return tenants.size > 0 && rollout > 0;
    case 'tier':
      return tenants.size > 0 || (tiers.size > 0 && rollout > 0);
    case 'ga':
      return tenants.size > 0 || tiers.size > 0 || rollout > 0;
  }
}
