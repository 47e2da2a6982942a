import type { Logger } from '@openfeature/server-sdk';
import type { TenantDirectory, TenantFacts } from '@rampart/core';
import { LRUCache } from 'lru-cache';

const NO_FACTS: TenantFacts = Object.freeze({});
const RETRY_AFTER = 1_000;

/** Options of {@link TenantFactsCache}. Times in ms. */
export interface TenantFactsCacheOptions {
  readonly directory: TenantDirectory;
  readonly logger: Logger;
  readonly ttl?: number | undefined;
  readonly size?: number | undefined;
  readonly timeout?: number | undefined;
  readonly now?: (() => number) | undefined;
}

/**
 * What the directory says of tenants, kept for a while. Callers who miss the same tenant share one lookup. A lookup that
 * fails, takes too long or finds nothing gives no facts for a second, so that neither an outage nor an unknown tenant
 * turns every evaluation into a lookup.
 */
export class TenantFactsCache {
  readonly #directory: TenantDirectory;
  readonly #logger: Logger;
  readonly #timeout: number;
  readonly #ttl: number;
  readonly #known: LRUCache<string, TenantFacts>;
  readonly #pending = new Map<string, Promise<TenantFacts>>();
  #failing = false;

  constructor({ directory, logger, ttl = 60_000, size = 10_000, timeout = 2_000, now }: TenantFactsCacheOptions) {
    this.#directory = directory;
    this.#logger = logger;
    this.#timeout = timeout;
    this.#ttl = ttl;
    this.#known = new LRUCache({ max: size, ttl, ttlResolution: 0, perf: now === undefined ? performance : { now } });
  }

  /** The facts if they are known or come at once, else the promise of them, which never rejects. */
  find(tenantId: string): TenantFacts | Promise<TenantFacts> {
    return this.#known.get(tenantId) ?? this.#pending.get(tenantId) ?? this.#look(tenantId);
  }

  #look(tenantId: string): TenantFacts | Promise<TenantFacts> {
    try {
      const found = this.#directory(tenantId);
      return isThenable(found) ? this.#wait(tenantId, found) : this.#keep(tenantId, found);
    } catch (error) {
      return this.#fail(tenantId, error);
    }
  }

  #wait(tenantId: string, found: PromiseLike<TenantFacts | undefined>): Promise<TenantFacts> {
    const pending = within(found, this.#timeout)
      .then(
        (facts) => this.#keep(tenantId, facts),
        (error: unknown) => this.#fail(tenantId, error),
      )
      .finally(() => this.#pending.delete(tenantId));
    this.#pending.set(tenantId, pending);
    return pending;
  }

  #keep(tenantId: string, found: TenantFacts | undefined): TenantFacts {
    this.#failing = false;
    const facts = found ?? NO_FACTS;
    this.#known.set(tenantId, facts, { ttl: facts === NO_FACTS ? Math.min(RETRY_AFTER, this.#ttl) : this.#ttl });
    return facts;
  }

  // The message of somebody else's error may hold anything, so only its kind is logged, and once per outage.
  #fail(tenantId: string, error: unknown): TenantFacts {
    if (!this.#failing)
      this.#logger.warn(`rampart: the tenant directory fails (${kindOf(error)}); flags that need its facts are closed`);
    const facts = this.#keep(tenantId, undefined);
    this.#failing = true;
    return facts;
  }
}

class DirectoryTimeout extends Error {
  override readonly name = 'DirectoryTimeout';
}

async function within<T>(found: PromiseLike<T>, timeout: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DirectoryTimeout()), timeout);
    timer.unref();
  });
  try {
    return await Promise.race([found, late]);
  } finally {
    clearTimeout(timer);
  }
}

function isThenable(value: unknown): value is PromiseLike<TenantFacts | undefined> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';
}

/** Names the kind of an error without its message. */
export function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { code } = error as Error & { code?: unknown };
  return typeof code === 'string' ? `${error.name} ${code}` : error.name;
}
