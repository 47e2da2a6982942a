import type { Logger } from '@openfeature/server-sdk';
import type { TenantDirectory, TenantFacts } from '@rampart/core';
import { LRUCache } from 'lru-cache';
import { errorName } from './error-name.js';

const NO_FACTS: TenantFacts = Object.freeze({});
const RETRY_DELAY_MS = 1_000;

/** Where facts about tenants come from, and how long they are cached. */
export interface DirectoryOptions {
  /** Looks up one tenant. Without a result, or after an error, the tenant has no facts, which closes flags that need them. */
  readonly lookup: TenantDirectory;
  /** How long facts are cached. A tenant without a result is looked up again after 1 s. @default 60000 */
  readonly ttlMs?: number | undefined;
  /** How many tenants are cached. @default 10000 */
  readonly maxEntries?: number | undefined;
  /** How long one lookup may take; after that the tenant has no facts. @default 2000 */
  readonly timeoutMs?: number | undefined;
}

/** Options of {@link TenantFactsCache}. */
export interface TenantFactsCacheOptions extends DirectoryOptions {
  readonly logger: Logger;
  /** A monotonic clock in ms. @default performance.now */
  readonly now?: (() => number) | undefined;
}

/**
 * Caches the facts of tenants; concurrent misses share one lookup. After a failure, a timeout or an empty result the tenant
 * has no facts for a second, so that neither an outage nor an unknown tenant turns every evaluation into a lookup.
 */
export class TenantFactsCache {
  readonly #lookup: TenantDirectory;
  readonly #logger: Logger;
  readonly #timeoutMs: number;
  readonly #ttlMs: number;
  readonly #cache: LRUCache<string, TenantFacts>;
  readonly #pending = new Map<string, Promise<TenantFacts>>();
  #isFailing = false;

  constructor({
    lookup,
    logger,
    ttlMs = 60_000,
    maxEntries = 10_000,
    timeoutMs = 2_000,
    now,
  }: TenantFactsCacheOptions) {
    this.#lookup = lookup;
    this.#logger = logger;
    this.#timeoutMs = timeoutMs;
    this.#ttlMs = ttlMs;
    const perf = now === undefined ? performance : { now };
    this.#cache = new LRUCache({ max: maxEntries, ttl: ttlMs, ttlResolution: 0, perf });
  }

  /** The facts, at once if they are cached or the lookup is synchronous, else as a promise that never rejects. */
  get(tenantId: string): TenantFacts | Promise<TenantFacts> {
    return this.#cache.get(tenantId) ?? this.#pending.get(tenantId) ?? this.#fetch(tenantId);
  }

  #fetch(tenantId: string): TenantFacts | Promise<TenantFacts> {
    try {
      const result = this.#lookup(tenantId);
      return isThenable(result) ? this.#wait(tenantId, result) : this.#store(tenantId, result);
    } catch (error) {
      return this.#onFailure(tenantId, error);
    }
  }

  #wait(tenantId: string, result: PromiseLike<TenantFacts | undefined>): Promise<TenantFacts> {
    const pending = withTimeout(result, this.#timeoutMs)
      .then(
        (facts) => this.#store(tenantId, facts),
        (error: unknown) => this.#onFailure(tenantId, error),
      )
      .finally(() => this.#pending.delete(tenantId));
    this.#pending.set(tenantId, pending);
    return pending;
  }

  #store(tenantId: string, result: TenantFacts | undefined): TenantFacts {
    this.#isFailing = false;
    const ttl = result === undefined ? Math.min(RETRY_DELAY_MS, this.#ttlMs) : this.#ttlMs;
    const facts = result ?? NO_FACTS;
    this.#cache.set(tenantId, facts, { ttl });
    return facts;
  }

  // Logged once per outage.
  #onFailure(tenantId: string, error: unknown): TenantFacts {
    if (!this.#isFailing)
      this.#logger.warn(
        `rampart: the tenant directory fails (${errorName(error)}); flags that need its facts are closed`,
      );
    const facts = this.#store(tenantId, undefined);
    this.#isFailing = true;
    return facts;
  }
}

class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

async function withTimeout<T>(result: PromiseLike<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TimeoutError()), timeoutMs).unref();
  });
  try {
    return await Promise.race([result, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function isThenable(value: unknown): value is PromiseLike<TenantFacts | undefined> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';
}
