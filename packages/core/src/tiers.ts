import { characterProblem, foldFact } from './list.js';
import { DEFAULT_TIERS } from './stages.js';

/** The place of a tier on the ladder, 0 the lowest; -1 where it is not on it. `tier` is lower case; the ladder's own case is free. */
export function tierRank(tiers: readonly string[], tier: string): number {
  const rank = tiers.indexOf(tier);
  return rank === -1 ? tiers.findIndex((name) => foldFact(name) === tier) : rank;
}

/** What is wrong with a tier ladder: a name that no list can hold, or two that differ in case alone. */
export function ladderProblem(tiers: readonly string[]): string | undefined {
  const names = new Map<string, string>();
  for (const tier of tiers) {
    const character = characterProblem(tier, 'fact');
    if (character !== undefined) return `can not take ${JSON.stringify(tier)}: ${character}`;
    const other = names.get(foldFact(tier));
    if (other === tier) return `names a tier twice: ${JSON.stringify(tier)}`;
    if (other !== undefined)
      return `names a tier twice: ${JSON.stringify(other)} and ${JSON.stringify(tier)} differ in case alone, and tiers compare without case`;
    names.set(foldFact(tier), tier);
  }
  return undefined;
}

/**
 * The ladder of an options object.
 *
 * @throws RangeError that names the tier and the fix
 */
export function readTiers(tiers: readonly string[] = DEFAULT_TIERS): readonly string[] {
  const wrong = ladderProblem(tiers);
  if (wrong !== undefined) throw new RangeError(`tiers: ${wrong}`);
  return tiers;
}
