/**
 * Two clocks measure the age of a state. One of them may be changed or stand still: the larger age counts, so that a machine that
 * slept, or whose wall clock was set back, never takes an old state for a fresh one.
 */
export interface Clocks {
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  /** Milliseconds since 1970. */
  readonly wall: () => number;
}

/** A moment on both clocks. */
export interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}

export const SYSTEM_CLOCKS: Clocks = Object.freeze({ monotonic: () => performance.now(), wall: () => Date.now() });

export function momentOf({ monotonic, wall }: Clocks): Moment {
  return { monotonic: monotonic(), wall: wall() };
}

/**
 * Milliseconds since a moment, by the clock that shows more; undefined if a clock was set back, since then neither can be trusted
 * until the next reading.
 */
export function ageOf(moment: Moment, clocks: Clocks): number | undefined {
  const monotonic = clocks.monotonic() - moment.monotonic;
  const wall = clocks.wall() - moment.wall;
  return monotonic < 0 || wall < 0 ? undefined : Math.max(monotonic, wall);
}

/** Milliseconds since a moment, by the clock that shows less, at least 0. */
export function minAgeOf(moment: Moment, clocks: Clocks): number {
  const monotonic = clocks.monotonic() - moment.monotonic;
  const wall = clocks.wall() - moment.wall;
  return Math.max(0, Math.min(monotonic, wall));
}
