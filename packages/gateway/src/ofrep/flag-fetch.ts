import { setTimeout as delay } from 'node:timers/promises';
import type { FlagSource } from '@rampart/core';

/** How long one fetch is waited for, in ms. */
const PATIENCE = 2_000;
/** The least time between two fetches that questions set off, in ms. */
const PAUSE = 1_000;

type Flags = Pick<FlagSource, 'refresh'>;

const FETCHES = new WeakMap<Flags, FlagFetch>();

/**
 * Fetches flags for questions that know of newer ones. One fetch serves all who wait, and the next begins a second later:
 * anybody can name flags that there never were.
 */
export class FlagFetch {
  readonly #flags: Flags;
  #endedAt = -PAUSE;
  #next: Promise<number> | undefined;

  private constructor(flags: Flags) {
    this.#flags = flags;
  }

  /** The one of these flags, whichever protocol asks. */
  static of(flags: Flags): FlagFetch {
    let known = FETCHES.get(flags);
    if (known === undefined) FETCHES.set(flags, (known = new FlagFetch(flags)));
    return known;
  }

  /** Resolves when flags have come that were asked for after this call, or sooner where `isEnough`. */
  async after(isEnough: () => boolean): Promise<void> {
    const calledAt = performance.now();
    while ((await this.#fetch()) < calledAt && !isEnough());
  }

  /** Resolves to when it began: one under way may have begun before what somebody was told of. */
  #fetch(): Promise<number> {
    this.#next ??= this.#fetchNext().finally(() => {
      this.#next = undefined;
    });
    return this.#next;
  }

  async #fetchNext(): Promise<number> {
    const wait = this.#endedAt + PAUSE - performance.now();
    if (wait > 0) await delay(wait, undefined, { ref: false });
    const beganAt = performance.now();
    await Promise.race([this.#flags.refresh?.(), delay(PATIENCE, undefined, { ref: false })]);
    this.#endedAt = performance.now();
    return beganAt;
  }
}
