/** Least and most time before another attempt, in ms. */
const LEAST = 1_000;
const MOST = 60_000;

/** No server is waited for longer, in ms: beyond lie mistakes, and timers that overflow. */
const LONGEST_ASKED = 15 * 60_000;

/** One attempt after another: later each time, and not in the same moment as all other pages. */
export class Retry {
  readonly #random: () => number;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param random 0 to 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** @param asked how long the server asked to wait, in ms */
  schedule(again: () => void, asked = 0): void {
    const jitter = this.#random() / 2;
    const backoff = Math.min(MOST, LEAST * 2 ** this.#attempt);
    this.#attempt += 1;
    this.cancel();
    this.#timer = setTimeout(again, Math.max(backoff * (0.5 + jitter), asked * (1 + jitter)));
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }

  /** What fails next is a first attempt. */
  reset(): void {
    this.cancel();
    this.#attempt = 0;
  }
}

/** What a `Retry-After` header asks for, in ms from now: seconds, or a date. 0 where it asks for nothing. */
export function askedToWait(header: string | null, now: number): number {
  if (header === null) return 0;
  const seconds = Number(header);
  const wait = Number.isNaN(seconds) ? Date.parse(header) - now : seconds * 1_000;
  return wait > 0 ? Math.min(wait, LONGEST_ASKED) : 0;
}
