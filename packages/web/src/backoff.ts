const MIN_DELAY_MS = 1_000;
const MAX_DELAY_MS = 60_000;

/** The upper bound of `Retry-After`: a longer one is a mistake, or overflows a timer. */
const MAX_RETRY_AFTER_MS = 15 * 60_000;

/** Schedules retries with exponential backoff and jitter. */
export class Backoff {
  readonly #random: () => number;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param random 0 to 1 */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Replaces the scheduled retry. @param minDelayMs the server's `Retry-After` */
  schedule(retry: () => void, minDelayMs = 0): void {
    const jitter = this.#random() / 2;
    const delayMs = Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** this.#attempt);
    this.#attempt += 1;
    this.cancel();
    this.#timer = setTimeout(retry, Math.max(delayMs * (0.5 + jitter), minDelayMs * (1 + jitter)));
  }

  cancel(): void {
    clearTimeout(this.#timer);
  }

  /** Cancels the scheduled retry and starts over with the shortest delay. */
  reset(): void {
    this.cancel();
    this.#attempt = 0;
  }
}

/** The delay of a `Retry-After` header (seconds or a date) in ms from `now`; 0 without a usable one. */
export function parseRetryAfter(header: string | null, now: number): number {
  if (header === null) return 0;
  const seconds = Number(header);
  const delayMs = Number.isNaN(seconds) ? Date.parse(header) - now : seconds * 1_000;
  return delayMs > 0 ? Math.min(delayMs, MAX_RETRY_AFTER_MS) : 0;
}
