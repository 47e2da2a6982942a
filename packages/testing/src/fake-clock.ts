/** A clock that moves when it is told to. */
export interface FakeClock {
  /** The time in ms; pass it as an option named `now`. */
  readonly now: () => number;
  /** Moves the clock on, or with a negative number back. */
  advance(milliseconds: number): void;
}

/** A clock for tests, at `start` ms. @default the first of January 2026; caches take 0 for no time at all */
export function createFakeClock(start: number = Date.UTC(2026, 0, 1)): FakeClock {
  let time = start;
  return {
    now: () => time,
    advance: (milliseconds) => {
      time += milliseconds;
    },
  };
}
