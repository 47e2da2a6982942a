import type { LogPosition, TenantSnapshot } from '@rampart/core';
import type { PushState, SharedCache } from '../src/shared-cache.js';

/** A shared cache in memory, whose notifications a test sends. */
export class InMemorySharedCache implements SharedCache {
  readonly tenants = new Map<string, TenantSnapshot>();
  readonly announced: LogPosition[] = [];
  asked = 0;
  pushState: PushState = { connected: true, lostAt: undefined };
  #listeners = new Set<(position: LogPosition) => void>();

  async getTenant(tenantId: string): Promise<TenantSnapshot | undefined> {
    this.asked += 1;
    return this.tenants.get(tenantId);
  }

  putTenant(tenantId: string, snapshot: TenantSnapshot): void {
    this.tenants.set(tenantId, snapshot);
  }

  async forget(tenantId: string): Promise<void> {
    this.tenants.delete(tenantId);
  }

  announce(position: LogPosition): void {
    this.announced.push(position);
  }

  subscribe(listener: (position: LogPosition) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  notify(position: LogPosition): void {
    for (const listener of this.#listeners) listener(position);
  }

  push(): PushState {
    return this.pushState;
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }
}
