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

/** How a batch fitted: up to the head; not yet, there is more; or not at all: other epoch, gap, head gone back. */
export type Applied = 'caught_up' | 'more' | 'broken';

/** Options of {@link FollowedState}. */
export interface FollowedStateOptions {
  /** How many consents and choices are held. */
  readonly mostEntries: number;
  /** How many tenants' last changes are remembered. */
  readonly mostChanges: number;
}

/** What one process knows of the control state: the fold of the log up to a position. No clock, no I/O. */
export class FollowedState {
  readonly #mostChanges: number;
  readonly #tenants: TenantCache;
  #epoch: string | undefined;
  #applied = 0;
  #shared: SharedControl | undefined;
  #changes: RecentChanges;
  /** Whose state has changed since it was last asked. */
  #changed: Set<string> | 'all' | undefined;

  constructor({ mostEntries, mostChanges }: FollowedStateOptions) {
    this.#mostChanges = mostChanges;
    this.#tenants = new TenantCache(mostEntries);
    this.#changes = new RecentChanges(0, mostChanges);
  }

  get epoch(): string | undefined {
    return this.#epoch;
  }

  /** The position up to which the log is folded in. */
  get applied(): number {
    return this.#applied;
  }

  get shared(): SharedControl | undefined {
    return this.#shared;
  }

  /** How many tenants are at hand. */
  get tenants(): number {
    return this.#tenants.size;
  }

  /** Drops everything. */
  reset(): void {
    this.#epoch = undefined;
    this.#applied = 0;
    this.#shared = undefined;
    this.#tenants.clear();
    this.#changes = new RecentChanges(0, this.#mostChanges);
  }

  /**
   * Begins anew from what is recorded as of a position.
   *
   * @param tail every entry after some position up to that of the snapshot: they tell which tenants changed since, so that
   * values which others fetched count. All of them at once, or a value from before a change would be believed until it is noted.
   */
  begin({ epoch, position, shared }: SharedSnapshot, tail: readonly LogEntry[]): void {
    this.reset();
    this.#epoch = epoch;
    this.#applied = position;
    this.#shared = shared;
    this.#changed = 'all';
    this.#changes = new RecentChanges((tail[0]?.position ?? position + 1) - 1, this.#mostChanges);
    for (const entry of tail) this.#note(entry);
  }

  /** Folds a reading of the log in. */
  apply({ epoch, head, entries }: LogBatch): Applied {
    if (this.#shared === undefined || epoch !== this.#epoch || head < this.#applied) return 'broken';
    for (const entry of entries) {
      if (entry.position !== this.#applied + 1 || entry.effect.kind === 'begin_anew') return 'broken';
      this.#fold(entry);
    }
    if (this.#applied >= head) return 'caught_up';
    return entries.length === 0 ? 'broken' : 'more';
  }

  /** Takes a tenant's value in, where it is known to be still the last one; otherwise false. */
  accept(tenantId: string, { epoch, position, tenant }: TenantSnapshot): boolean {
    if (epoch !== this.#epoch || position > this.#applied || !this.#changes.isCurrent(tenantId, position)) return false;
    this.#tenants.set(tenantId, tenant);
    return true;
  }

  tenant(tenantId: string): TenantControl | undefined {
    return this.#tenants.get(tenantId);
  }

  /** Whose state has changed since this was last asked; undefined where nobody's has. */
  takeChanged(): ControlChanged | undefined {
    const changed = this.#changed;
    this.#changed = undefined;
    if (changed === undefined) return undefined;
    return { tenants: changed === 'all' ? changed : [...changed] };
  }

  #fold(entry: LogEntry): void {
    const { effect, position } = entry;
    this.#applied = position;
    this.#note(entry);
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
      this.#tell(change.tenant);
      this.#tenants.apply(change.tenant, change);
    }
  }

  #tell(tenantId: string): void {
    if (this.#changed === 'all') return;
    this.#changed ??= new Set();
    this.#changed.add(tenantId);
  }

  #note({ effect, position }: LogEntry): void {
    if (effect.kind === 'forget') {
      this.#changes.noteAll(position);
    } else if (effect.kind === 'change' && isTenantChange(effect.change)) {
      this.#changes.note(effect.change.tenant, position);
    }
  }
}
