/** How long work may go on before others get their turn, in ms. */
const SLICE = 4;

/**
 * Lets many answers be made without keeping everybody else waiting: work that comes all at once, as when every page asks
 * again after a kill, is done in slices, and between two of them whoever else has asked is served.
 */
export class Pacer {
  readonly #most: number;
  #coming: (() => void)[] = [];
  /** Those before them, the first one last: taking it lets go of it, also where the queue never gets empty. */
  #first: (() => void)[] = [];
  #spent = 0;
  #scheduled = false;

  /** @param most how many may wait */
  constructor(most: number) {
    this.#most = most;
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#first.length + this.#coming.length;
  }

  /** Whether one more may wait. */
  get full(): boolean {
    return this.waiting >= this.#most;
  }

  /** Does the work at once where there is time, else when its turn comes. What it throws rejects, or is thrown. */
  run<T>(work: () => T | Promise<T>): T | Promise<T> {
    if (this.waiting === 0 && this.#spent < SLICE) return this.#measured(work);
    return new Promise<T>((resolve, reject) => {
      this.#coming.push(() => {
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      });
      this.#schedule();
    });
  }

  #measured<T>(work: () => T): T {
    const start = performance.now();
    try {
      return work();
    } finally {
      this.#spent += performance.now() - start;
      this.#schedule();
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#slice());
  }

  #slice(): void {
    this.#scheduled = false;
    this.#spent = 0;
    const end = performance.now() + SLICE;
    while (this.waiting > 0) {
      this.#take()?.();
      if (performance.now() >= end) break;
    }
    if (this.waiting > 0) this.#schedule();
  }

  #take(): (() => void) | undefined {
    if (this.#first.length === 0) {
      this.#first = this.#coming.toReversed();
      this.#coming = [];
    }
    return this.#first.pop();
  }
}
