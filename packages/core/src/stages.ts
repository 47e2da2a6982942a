/** Who gets a change, from narrowest to widest; each stage includes the ones before it. */
export const STAGES = ['internal', 'dogfood', 'canary', 'tier', 'ga'] as const;
export type Stage = (typeof STAGES)[number];

/** The tier ladder where none is configured, lowest first. */
export const DEFAULT_TIERS: readonly string[] = Object.freeze(['free', 'starter', 'pro', 'business', 'enterprise']);
