import {
  applyShared,
  type ControlChanged,
  isTenantChange,
  type LogBatch,
  type LogEntry,
  type SharedControl,
  type SharedSnapshot,
  type TenantControl,
  type TenantSnapshot,
} from '@rampart/core';
import { RecentChanges } from './recent-changes.js';
import { TenantCache } from './tenant-cache.js';

/** Result of a batch: applied up to the head; more entries follow; or rejected for another epoch, a gap, or a lower head. */
export type ApplyResult = 'caught_up' | 'more' | 'broken';

/** Options of {@link FollowedState}. */
export interface FollowedStateOptions {
  /** Consents and choices in memory. */
  readonly maxEntries: number;
  /** Tenants whose last change is remembered. */
  readonly maxChanges: number;
}

/** The control state in one process: the log applied up to a position. No clock, no I/O. */
export class FollowedState {
  readonly #maxChanges: number;
  readonly #tenants: TenantCache;
  #epoch: string | undefined;
  #applied = 0;
  #shared: SharedControl | undefined;
  #changes: RecentChanges;
  /** Tenants that changed since the last `drainChanges`. */
  #changed: Set<string> | 'all' | undefined;

  constructor({ maxEntries, maxChanges }: FollowedStateOptions) {
    this.#maxChanges = maxChanges;
    this.#tenants = new TenantCache(maxEntries);
    this.#changes = new RecentChanges(0, maxChanges);
  }

  get epoch(): string | undefined {
    return this.#epoch;
  }

  /** Position of the last applied entry. */
  get applied(): number {
    return this.#applied;
  }

  get shared(): SharedControl | undefined {
    return this.#shared;
  }

  /** Number of cached tenants. */
  get tenants(): number {
    return this.#tenants.size;
  }

  /** Drops everything. */
  reset(): void {
    this.#epoch = undefined;
    this.#applied = 0;
    this.#shared = undefined;
    this.#tenants.clear();
    this.#changes = new RecentChanges(0, this.#maxChanges);
  }

  /**
   * Starts again from a snapshot.
   *
   * @param tail all entries after some position up to that of the snapshot. They show which tenants changed since, so that values
   * of the shared cache can be used. All at once: otherwise a value from before a change would count until the change is added.
   */
  begin({ epoch, position, shared }: SharedSnapshot, tail: readonly LogEntry[]): void {
    this.reset();
    this.#epoch = epoch;
    this.#applied = position;
    this.#shared = shared;
    this.#changed = 'all';
    this.#changes = new RecentChanges((tail[0]?.position ?? position + 1) - 1, this.#maxChanges);
    for (const entry of tail) this.#recordChange(entry);
  }

  /** Applies entries of the log. */
  apply({ epoch, head, entries }: LogBatch): ApplyResult {
    if (this.#shared === undefined || epoch !== this.#epoch || head < this.#applied) return 'broken';
    for (const entry of entries) {
      if (entry.position !== this.#applied + 1 || entry.effect.kind === 'begin_anew') return 'broken';
      this.#applyEntry(entry);
    }
    if (this.#applied >= head) return 'caught_up';
    return entries.length === 0 ? 'broken' : 'more';
  }

  /** Caches a tenant's value. @returns false if a later change can't be excluded */
  addTenant(tenantId: string, { epoch, position, tenant }: TenantSnapshot): boolean {
    if (epoch !== this.#epoch || position > this.#applied || !this.#changes.isCurrent(tenantId, position)) return false;
    this.#tenants.set(tenantId, tenant);
    return true;
  }

  tenant(tenantId: string): TenantControl | undefined {
    return this.#tenants.get(tenantId);
  }

  /** Tenants that changed since the last call; undefined if none did. */
  drainChanges(): ControlChanged | undefined {
    const changed = this.#changed;
    this.#changed = undefined;
    if (changed === undefined) return undefined;
    return { tenants: changed === 'all' ? changed : [...changed] };
  }

  #applyEntry(entry: LogEntry): void {
    const { effect, position } = entry;
    this.#applied = position;
    this.#recordChange(entry);
    if (effect.kind === 'forget') {
      this.#tenants.clear();
      this.#changed = 'all';
    } else if (effect.kind === 'change') {
      const { change } = effect;
      if (!isTenantChange(change)) {
        if (this.#shared !== undefined) this.#shared = applyShared(this.#shared, change);
        this.#changed = 'all';
        return;
      }
      this.#markChanged(change.tenant);
      this.#tenants.apply(change.tenant, change);
    }
  }

  #markChanged(tenantId: string): void {
    if (this.#changed === 'all') return;
    this.#changed ??= new Set();
    this.#changed.add(tenantId);
  }

  #recordChange({ effect, position }: LogEntry): void {
    if (effect.kind === 'forget') {
      this.#changes.addAll(position);
    } else if (effect.kind === 'change' && isTenantChange(effect.change)) {
      this.#changes.add(effect.change.tenant, position);
    }
  }
}
