/** The prefix of the names of AI features, by default. */
export const DEFAULT_PREFIX = 'ai.';

/** Options of {@link aiNameKind}. */
export interface AiNameSettings {
  /** How the names of AI flags begin; empty: no name says so. @default 'ai.' */
  readonly prefix?: string | undefined;
  /** Flag → feature, for flags that can't take a parent in Unleash. @default none */
  readonly gates?: ReadonlyMap<string, string> | undefined;
}

/** What a name alone says about a flag: a flag of the `gates` map, or an AI flag of any other kind. */
export type AiNameKind = 'ai' | 'gated';

/**
 * What the name of a flag says about it where no definition does. A flag of the `gates` map is `gated`; a name under the prefix,
 * or of a feature in that map, is `ai`; any other is undefined.
 */
export function aiNameKind(
  name: string,
  { prefix = DEFAULT_PREFIX, gates }: AiNameSettings = {},
): AiNameKind | undefined {
  if (gates?.has(name)) return 'gated';
  if (prefix !== '' && name.startsWith(prefix)) return 'ai';
  for (const feature of gates?.values() ?? []) if (feature === name) return 'ai';
  return undefined;
}
