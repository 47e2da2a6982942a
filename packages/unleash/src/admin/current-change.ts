import { DEFAULT_TIERS, parseStage, STAGES, takesOverFrom } from '@rampart/core';
import type { AdminClient } from './admin-client.js';
import type { AdminFlag } from './admin-types.js';
import { environmentOf } from './feature-flag.js';

/** A change that is on in one environment, outside mode `shadow`. */
interface ActiveChange {
  readonly name: string;
  readonly replaces: ReadonlySet<string>;
  /** Index in `STAGES` of its widest rule. */
  readonly stage: number;
  /** Percentage of its widest rule, 0 to 100. */
  readonly rollout: number;
}

/** Reads the children of a feature that carry an `aiStage` rule in any environment. */
export async function fetchChanges(client: AdminClient, feature: AdminFlag): Promise<readonly AdminFlag[]> {
  const changes: AdminFlag[] = [];
  for (const name of feature.children) {
    const child = await client.flags.find({ flag: name, project: feature.project });
    const rules = child?.environments.flatMap(({ strategies }) => strategies) ?? [];
    if (child !== undefined && rules.some((rule) => rule.name === 'aiStage')) changes.push(child);
  }
  return changes;
}

/**
 * The change that a new one would take over from in an environment: of the changes that are on and outside shadow, the one with
 * the widest stage, then the highest percentage, then the first name; or the one that replaces it at that stage already.
 *
 * @returns undefined where no change is on
 */
export function currentChange(
  changes: readonly AdminFlag[],
  environment: string,
  tiers: readonly string[] = DEFAULT_TIERS,
): string | undefined {
  const active = changes
    .flatMap((change) => activeChange(change, environment, tiers) ?? [])
    .toSorted((a, b) => b.stage - a.stage || b.rollout - a.rollout || (a.name < b.name ? -1 : 1));
  let current = active[0];
  for (const change of active) {
    if (current === undefined || change.stage !== current.stage || change.rollout === 0) continue;
    if (takesOverFrom(change, current, active)) current = change;
  }
  return current?.name;
}

function activeChange(flag: AdminFlag, environment: string, tiers: readonly string[]): ActiveChange | undefined {
  const state = environmentOf(flag, environment);
  if (state?.enabled !== true) return undefined;
  const rules = state.strategies
    .filter(({ name, disabled }) => name === 'aiStage' && !disabled)
    .map(({ parameters }) => parseStage(flag.name, parameters, tiers))
    .flatMap((parsed) => (parsed.ok ? [parsed.value] : []));
  const visible = rules.filter(({ mode }) => mode !== 'shadow');
  if (visible.length === 0) return undefined;
  const stage = Math.max(...visible.map((rule) => STAGES.indexOf(rule.stage)));
  const widest = visible.filter((rule) => STAGES.indexOf(rule.stage) === stage);
  return {
    name: flag.name,
    replaces: new Set(rules.flatMap(({ replaces }) => replaces ?? [])),
    stage,
    rollout: Math.max(...widest.map(({ rollout }) => rollout)),
  };
}
