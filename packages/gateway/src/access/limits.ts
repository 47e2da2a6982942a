import type { Gateway } from '../gateway.js';
import { Refusal } from '../service/refusal.js';
import { networkOf } from './address.js';
import type { Principal } from './principal.js';
import { RateLimit } from './rate-limit.js';

/** How much callers may ask, by their key, their user, or else by their address. */
export class Limits {
  readonly #keys: RateLimit;
  readonly #users: RateLimit;
  readonly #addresses: RateLimit;
  readonly #refused: RateLimit;

  constructor({ configuration, control }: Pick<Gateway, 'configuration' | 'control'>) {
    const { limits, environment } = configuration;
    const shared = { redis: control?.redis, environment };
    this.#keys = new RateLimit({ ...shared, name: 'key', rate: limits.perKey });
    this.#users = new RateLimit({ ...shared, name: 'user', rate: limits.perUser });
    this.#addresses = new RateLimit({ ...shared, name: 'address', rate: limits.perAddress });
    this.#refused = new RateLimit({ ...shared, name: 'refused', rate: limits.refusedPerAddress });
  }

  /** Counts a request of someone known, or of anyone. A promise only where Redis has to be asked. @throws Refusal 429 */
  count(principal: Principal | undefined, ip: string | undefined): undefined | Promise<undefined> {
    const wait = this.#take(principal, ip);
    return typeof wait === 'number' ? refuse(wait) : wait.then(refuse);
  }

  #take(principal: Principal | undefined, ip: string | undefined): number | Promise<number> {
    if (principal?.kind === 'service' || (principal?.kind === 'operator' && principal.by === 'key'))
      return this.#keys.take(principal.name);
    const user = principal === undefined ? undefined : userOf(principal);
    return user === undefined ? this.#addresses.take(networkOf(ip)) : this.#users.take(user);
  }

  /** Whether credentials from here are worth checking. @throws Refusal 429 where too many were refused */
  mayTry(ip: string | undefined): void {
    refuse(this.#refused.peek(networkOf(ip)));
  }

  /** Counts credentials that were refused. */
  async countRefused(ip: string | undefined): Promise<void> {
    await this.#refused.take(networkOf(ip));
  }
}

function refuse(wait: number): undefined {
  if (wait > 0)
    throw new Refusal(429, 'rate_limited', 'too many requests: wait as long as Retry-After says', { retryAfter: wait });
}

/** Undefined for whoever says of itself who it is. */
function userOf(principal: Principal): string | undefined {
  if (principal.kind === 'service') return undefined;
  if (principal.kind === 'operator') return JSON.stringify([principal.name]);
  const { identity } = principal;
  return identity?.userId === undefined ? undefined : JSON.stringify([identity.tenantId, identity.userId]);
}
