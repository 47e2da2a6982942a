/**
 * The last change of each tenant in a gapless range of the log that ends at the applied position. It proves that an older value
 * is current: the tenant did not change since.
 */
export class RecentChanges {
  readonly #maxTenants: number;
  readonly #lastChange = new Map<string, number>();
  #start: number;

  /** @param start position before the range; @param maxTenants tenants that are remembered */
  constructor(start: number, maxTenants: number) {
    this.#start = start;
    this.#maxTenants = maxTenants;
  }

  /** Every change after this position is known. */
  get start(): number {
    return this.#start;
  }

  /** Adds a change of one tenant. */
  add(tenantId: string, position: number): void {
    // Deleted first, so that the map stays in the order of the changes.
    this.#lastChange.delete(tenantId);
    this.#lastChange.set(tenantId, position);
    if (this.#lastChange.size <= this.#maxTenants) return;
    const [oldest] = this.#lastChange;
    if (oldest === undefined) return;
    this.#lastChange.delete(oldest[0]);
    this.#start = Math.max(this.#start, oldest[1]);
  }

  /** Adds a possible change of every tenant. */
  addAll(position: number): void {
    this.#lastChange.clear();
    this.#start = position;
  }

  /** Whether a tenant's value as of a position is known to be current. */
  isCurrent(tenantId: string, position: number): boolean {
    return position >= this.#start && (this.#lastChange.get(tenantId) ?? 0) <= position;
  }
}
