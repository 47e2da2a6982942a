/** Everybody is told within this time, in ms; the first at once. Those told ask again, and can't all be answered at once. */
const SPREAD = 600;
const LEAST_AT_ONCE = 50;

/** The time between two groups, in ms. */
export const TICK = 16;

/** How many of so many are told together. */
export function atOnce(count: number): number {
  return Math.max(LEAST_AT_ONCE, Math.ceil(count / (SPREAD / TICK)));
}
