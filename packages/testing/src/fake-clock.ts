/** A clock that moves by `advance` only. */
export interface FakeClock {
  /** The time in ms; pass it as an option named `now`. */
  readonly now: () => number;
  /** Moves the clock forward, or back by a negative number. */
  advance(ms: number): void;
}

/** Creates a clock for tests. @param start ms since 1970; not 0, which caches treat as no time. Default: 2026-01-01 */
export function createFakeClock(start: number = Date.UTC(2026, 0, 1)): FakeClock {
  let time = start;
  return {
    now: () => time,
    advance: (ms) => {
      time += ms;
    },
  };
}
