/** Options of {@link FlagRefresh}. */
export interface FlagRefreshOptions {
  /** Fetches the flags; never rejects. */
  readonly refresh: () => Promise<void>;
  /**
   * When to fetch after a hint, in ms: the one who hears of an edit first may ask a server of several that learns of it with
   * its next look into the database, which is every second.
   * @default at once, and after 0.5, 1.2 and 2.5 s
   */
  readonly after?: readonly number[] | undefined;
  /** Least pause between two fetches, in ms: an import of a thousand flags is a thousand hints. @default 200 */
  readonly pause?: number | undefined;
}

/** Fetches flags when somebody says that one was edited. Hints that come together are answered together. */
export class FlagRefresh {
  readonly #refresh: () => Promise<void>;
  readonly #after: readonly number[];
  readonly #pause: number;
  #timers: NodeJS.Timeout[] = [];
  #running = false;
  #wanted = false;

  constructor({ refresh, after = [0, 500, 1_200, 2_500], pause = 200 }: FlagRefreshOptions) {
    this.#refresh = refresh;
    this.#after = after;
    this.#pause = pause;
  }

  /** Somebody says that a flag was edited. */
  hint(): void {
    this.stop();
    for (const wait of this.#after) {
      if (wait === 0) void this.#run();
      else this.#timers.push(setTimeout(() => void this.#run(), wait).unref());
    }
  }

  /** Forgets what was to come. */
  stop(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
  }

  // One at a time: an answer on its way may be from before the hint, so another fetch follows it.
  async #run(): Promise<void> {
    this.#wanted = true;
    if (this.#running) return;
    this.#running = true;
    while (this.#wanted) {
      this.#wanted = false;
      await this.#refresh();
      await new Promise<void>((resolve) => setTimeout(resolve, this.#pause).unref());
    }
    this.#running = false;
  }
}
