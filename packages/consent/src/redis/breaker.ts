/** Options of {@link Breaker}. */
export interface BreakerOptions {
  /** Asks whether it works again; must not take long, and not reject. */
  readonly trial: () => Promise<boolean>;
  /** Milliseconds between trials. @default 1000 */
  readonly pause?: number;
}

/** Keeps questions from something that doesn't answer: after one failure nobody waits for it until a trial succeeds. */
export class Breaker {
  readonly #trial: () => Promise<boolean>;
  readonly #pause: number;
  #timer: NodeJS.Timeout | undefined;
  #open = false;

  constructor({ trial, pause = 1_000 }: BreakerOptions) {
    this.#trial = trial;
    this.#pause = pause;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** After a failure. */
  open(): void {
    if (this.#open) return;
    this.#open = true;
    this.#tryLater();
  }

  /** Once it is known to work. */
  close(): void {
    this.#open = false;
    clearTimeout(this.#timer);
  }

  #tryLater(): void {
    const timer = setTimeout(() => void this.#try(timer), this.#pause);
    timer.unref();
    this.#timer = timer;
  }

  async #try(timer: NodeJS.Timeout): Promise<void> {
    const works = await this.#trial();
    // Closed in the meantime, and perhaps opened again, which began trials of its own.
    if (timer !== this.#timer || !this.#open) return;
    if (works) this.#open = false;
    else this.#tryLater();
  }
}
