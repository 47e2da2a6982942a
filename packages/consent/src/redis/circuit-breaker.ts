/** Options of {@link CircuitBreaker}. */
export interface CircuitBreakerOptions {
  /** Whether the resource works again. Must not take long or reject. */
  readonly probe: () => Promise<boolean>;
  /** Time between probes. @default 1000 */
  readonly halfOpenAfterMs?: number;
}

/** Stops requests to a resource after one failure, until a probe succeeds. */
export class CircuitBreaker {
  readonly #probe: () => Promise<boolean>;
  readonly #halfOpenAfterMs: number;
  #timer: NodeJS.Timeout | undefined;
  #open = false;

  constructor({ probe, halfOpenAfterMs = 1_000 }: CircuitBreakerOptions) {
    this.#probe = probe;
    this.#halfOpenAfterMs = halfOpenAfterMs;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** Opens after a failure. */
  open(): void {
    if (this.#open) return;
    this.#open = true;
    this.#scheduleProbe();
  }

  /** Closes after a success. */
  close(): void {
    this.#open = false;
    clearTimeout(this.#timer);
  }

  #scheduleProbe(): void {
    const timer = setTimeout(() => void this.#runProbe(timer), this.#halfOpenAfterMs);
    timer.unref();
    this.#timer = timer;
  }

  async #runProbe(timer: NodeJS.Timeout): Promise<void> {
    const works = await this.#probe();
    // Closed since then, and perhaps opened again, which started its own probes.
    if (timer !== this.#timer || !this.#open) return;
    if (works) this.#open = false;
    else this.#scheduleProbe();
  }
}
