import {
  applyTenant,
  type Consent,
  countChoices,
  countOverrides,
  EMPTY_TENANT,
  type TenantChange,
  type TenantControl,
} from '@rampart/core';
import { LRUCache } from 'lru-cache';

/**
 * Maximum share of the cache that one tenant counts as. A tenant larger than the whole cache is cached all the same, since it
 * would be read again for each evaluation otherwise, and does not evict all others.
 */
const MAX_TENANT_SHARE = 1 / 4;

/** Cached tenants; evicts the least recently read. Values that many tenants share are stored once. */
export class TenantCache {
  readonly #tenants: LRUCache<string, TenantControl>;
  readonly #consents = new Map<string, Consent>();
  readonly #classes = new Map<string, string>();

  /** @param maxEntries consents and choices; a tenant without any counts as one */
  constructor(maxEntries: number) {
    const maxTenantSize = Math.max(1, Math.floor(maxEntries * MAX_TENANT_SHARE));
    this.#tenants = new LRUCache({
      maxSize: maxEntries,
      sizeCalculation: (tenant) => Math.min(sizeOf(tenant), maxTenantSize),
    });
  }

  get size(): number {
    return this.#tenants.size;
  }

  get(tenantId: string): TenantControl | undefined {
    return this.#tenants.get(tenantId);
  }

  set(tenantId: string, tenant: TenantControl): void {
    const { mode, bands, overrides } = tenant;
    const users = tenant.users.size === 0 ? EMPTY_TENANT.users : tenant.users;
    this.#tenants.set(tenantId, { consents: this.#shared(tenant.consents), users, mode, bands, overrides });
  }

  /** Applies a change to a cached tenant. Does not count as a read. */
  apply(tenantId: string, change: TenantChange): void {
    const tenant = this.#tenants.peek(tenantId);
    if (tenant !== undefined) this.#tenants.set(tenantId, applyTenant(tenant, change));
  }

  clear(): void {
    this.#tenants.clear();
  }

  // A million tenants have the same few consents (a state and a version of the terms) to the same few classes.
  #shared(consents: TenantControl['consents']): TenantControl['consents'] {
    const shared = new Map<string, Consent>();
    for (const [featureClass, consent] of consents) {
      const interned = intern(this.#consents, `${consent.state}:${consent.version ?? ''}`, consent);
      shared.set(intern(this.#classes, featureClass, featureClass), interned);
    }
    return shared;
  }
}

const MAX_INTERNED = 1_000;

function intern<T>(values: Map<string, T>, key: string, value: T): T {
  const first = values.get(key);
  if (first !== undefined) return first;
  if (values.size >= MAX_INTERNED) values.clear();
  values.set(key, value);
  return value;
}

function sizeOf(tenant: TenantControl): number {
  return Math.max(tenant.consents.size + countChoices(tenant.users) + countOverrides(tenant), 1);
}
