import { type Consent, EMPTY_TENANT, type TenantControl } from '@rampart/core';
import { LRUCache } from 'lru-cache';

/** Tenants at hand, the least recently asked dropped first. What many tenants have in common is held once. */
export class TenantCache {
  readonly #tenants: LRUCache<string, TenantControl>;
  readonly #consents = new Map<string, Consent>();
  readonly #classes = new Map<string, string>();

  /** @param most how many consents and choices are held; a tenant without any counts as one */
  constructor(most: number) {
    this.#tenants = new LRUCache({ maxSize: most, sizeCalculation: sizeOf });
  }

  get size(): number {
    return this.#tenants.size;
  }

  get(tenantId: string): TenantControl | undefined {
    return this.#tenants.get(tenantId);
  }

  /** The same without counting as being asked. */
  peek(tenantId: string): TenantControl | undefined {
    return this.#tenants.peek(tenantId);
  }

  set(tenantId: string, tenant: TenantControl): void {
    const { mode, bands, overrides } = tenant;
    const users = tenant.users.size === 0 ? EMPTY_TENANT.users : tenant.users;
    this.#tenants.set(tenantId, { consents: this.#shared(tenant.consents), users, mode, bands, overrides });
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

function sizeOf({ consents, users, overrides }: TenantControl): number {
  let size = consents.size + (overrides?.length ?? 0);
  for (const choices of users.values()) size += choices.size;
  return Math.max(size, 1);
}
