import type { IToggle } from 'unleash-proxy-client';

/**
 * A toggle as the Frontend API lists it. The gateway adds `decision` to those of AI; unleash-proxy-client keeps it on
 * `getAllToggles()`, also in its stored copy, and loses it on `getVariant()`.
 */
export interface Toggle extends IToggle {
  readonly decision?: unknown;
}

/** Whether consent, tier and the like decide it: then it is closed wherever its answer isn't known to be this subject's. */
export const isAi = (toggle: Toggle): boolean => toggle.decision !== undefined;
