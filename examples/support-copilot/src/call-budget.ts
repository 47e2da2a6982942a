const HOUR = 3_600_000;

/** Counts AI calls per tenant, change and hour, for `decision.limits.maxPerHour`. One process; share it where you run several. */
export class CallBudget {
  readonly #now: () => number;
  readonly #calls = new Map<string, { readonly hour: number; count: number }>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Takes one call; false where none is left. */
  take(tenantId: string, change: string | undefined, most: number | undefined): boolean {
    if (most === undefined) return true;
    const key = JSON.stringify([tenantId, change]);
    const hour = Math.floor(this.#now() / HOUR);
    const known = this.#calls.get(key);
    const entry = known?.hour === hour ? known : { hour, count: 0 };
    this.#calls.set(key, entry);
    if (entry.count >= most) return false;
    entry.count += 1;
    return true;
  }
}
