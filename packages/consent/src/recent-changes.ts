/**
 * Which tenants changed, and where last, in an unbroken stretch of the log that ends at its applied end. With it an older
 * value can be shown to be still true: nothing was recorded of that tenant since.
 */
export class RecentChanges {
  readonly #most: number;
  readonly #lastChange = new Map<string, number>();
  #start: number;

  /** @param start the position after which the stretch begins; @param most how many tenants are remembered */
  constructor(start: number, most: number) {
    this.#start = start;
    this.#most = most;
  }

  /** The position from which on every change is known. */
  get start(): number {
    return this.#start;
  }

  /** Notes a change of one tenant. */
  note(tenantId: string, position: number): void {
    // Deleted first, so that the map stays in the order of the changes.
    this.#lastChange.delete(tenantId);
    this.#lastChange.set(tenantId, position);
    if (this.#lastChange.size <= this.#most) return;
    const [oldest] = this.#lastChange;
    if (oldest === undefined) return;
    this.#lastChange.delete(oldest[0]);
    this.#start = Math.max(this.#start, oldest[1]);
  }

  /** Notes that any tenant may have changed. */
  noteAll(position: number): void {
    this.#lastChange.clear();
    this.#start = position;
  }

  /** Whether a value of a tenant as of a position is known to be still the last one. */
  isCurrent(tenantId: string, position: number): boolean {
    return position >= this.#start && (this.#lastChange.get(tenantId) ?? 0) <= position;
  }
}
