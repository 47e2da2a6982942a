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
 * The largest part of the cache that one tenant counts as. A tenant that is larger than the whole cache is held all the
 * same, or it would be read again at each question, and does not push out all the others.
 */
const LARGEST_PART = 1 / 4;

/** Tenants at hand, the least recently asked dropped first. What many tenants have in common is held once. */
export class TenantCache {
  readonly #tenants: LRUCache<string, TenantControl>;
  readonly #consents = new Map<string, Consent>();
  readonly #classes = new Map<string, string>();

  /** @param most how many consents and choices are held; a tenant without any counts as one */
  constructor(most: number) {
    const largest = Math.max(1, Math.floor(most * LARGEST_PART));
    this.#tenants = new LRUCache({ maxSize: most, sizeCalculation: (tenant) => Math.min(sizeOf(tenant), largest) });
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

  /** Folds a change in, where the tenant is at hand. Does not count as being asked. */
  apply(tenantId: string, change: TenantChange): void {
    const known = this.#tenants.peek(tenantId);
    if (known !== undefined) this.#tenants.set(tenantId, applyTenant(known, change));
  }

  clear(): void {
    this.#tenants.clear();
  }

  // A million tenants say the same few things of the same few classes: a consent is a state and a version of the terms.
  #shared(consents: TenantControl['consents']): TenantControl['consents'] {
    const shared = new Map<string, Consent>();
    for (const [featureClass, consent] of consents) {
      const said = heldOnce(this.#consents, `${consent.state}:${consent.version ?? ''}`, consent);
      shared.set(heldOnce(this.#classes, featureClass, featureClass), said);
    }
    return shared;
  }
}

const MOST_SHARED = 1_000;

function heldOnce<T>(known: Map<string, T>, key: string, value: T): T {
  const first = known.get(key);
  if (first !== undefined) return first;
  // They are few, but nothing says so.
  if (known.size >= MOST_SHARED) known.clear();
  known.set(key, value);
  return value;
}

function sizeOf(tenant: TenantControl): number {
  return Math.max(tenant.consents.size + countChoices(tenant.users) + countOverrides(tenant), 1);
}
