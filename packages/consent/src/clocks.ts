/**
 * The two clocks by which the age of a proof is measured. One of them may be moved or stand still; the larger age of both
 * counts, so that a process whose machine slept, or whose wall clock was set back, never takes an old proof for a young one.
 */
export interface Clocks {
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
}

/** One moment, on both clocks. */
export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

export const SYSTEM_CLOCKS: Clocks = Object.freeze({ monotonic: () => performance.now(), wall: () => Date.now() });

export function momentOf({ monotonic, wall }: Clocks): Moment {
  return { monotonic: monotonic(), wall: wall() };
}

/**
 * Milliseconds since a moment, by whichever clock says more; undefined where either clock went back, for then neither can
 * be trusted until the next proof.
 */
export function ageOf(moment: Moment, clocks: Clocks): number | undefined {
  const monotonic = clocks.monotonic() - moment.monotonic;
  const wall = clocks.wall() - moment.wall;
  return monotonic < 0 || wall < 0 ? undefined : Math.max(monotonic, wall);
}

/** Milliseconds since a moment, by whichever clock says less, at least 0: so many have passed for certain. */
export function leastAgeOf(moment: Moment, clocks: Clocks): number {
  const monotonic = clocks.monotonic() - moment.monotonic;
  const wall = clocks.wall() - moment.wall;
  return Math.max(0, Math.min(monotonic, wall));
}
