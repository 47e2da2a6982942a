/** How long the same is not said again, in ms: callers could fill the log with it. */
const QUIET = 60_000;

/** Counts what happens to exposures, and says it at most once a minute. */
export class Tally {
  readonly #warn: (line: string) => void;
  readonly #counts = new Map<string, { count: number; quietUntil: number }>();

  constructor(warn: (line: string) => void) {
    this.#warn = warn;
  }

  /** @param what one of a few: it is kept, and nothing of a caller stands in it */
  add(what: string, count = 1): void {
    const known = this.#counts.get(what);
    if (known === undefined) this.#counts.set(what, { count, quietUntil: 0 });
    else known.count += count;
  }

  /** Says what was counted since it was said last; of what was said within the minute only where everything is to be said. */
  say({ everything }: { readonly everything: boolean }): void {
    const now = performance.now();
    for (const [what, tallied] of this.#counts) {
      if (tallied.count === 0 || (now < tallied.quietUntil && !everything)) continue;
      this.#warn(`${tallied.count} exposures ${what}`);
      tallied.count = 0;
      tallied.quietUntil = now + QUIET;
    }
  }
}
