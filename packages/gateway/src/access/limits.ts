import { isIPv6 } from 'node:net';
import type { Gateway } from '../gateway.js';
import { Refusal } from '../service/refusal.js';
import type { Principal } from './principal.js';
import { RateLimit } from './rate-limit.js';

/** How much callers may ask, by their key, or else by their address. */
export class Limits {
  readonly #keys: RateLimit;
  readonly #addresses: RateLimit;
  readonly #refused: RateLimit;

  constructor({ configuration, control }: Pick<Gateway, 'configuration' | 'control'>) {
    const { limits, environment } = configuration;
    const shared = { redis: control?.redis, environment };
    this.#keys = new RateLimit({ ...shared, name: 'key', rate: limits.perKey });
    this.#addresses = new RateLimit({ ...shared, name: 'address', rate: limits.perAddress });
    this.#refused = new RateLimit({ ...shared, name: 'refused', rate: limits.refusedPerAddress });
  }

  /** Counts a request of someone known, or of anyone. A promise only where Redis has to be asked. @throws Refusal 429 */
  count(principal: Principal | undefined, ip: string): undefined | Promise<undefined> {
    const isKey = principal?.kind === 'service' || (principal?.kind === 'operator' && principal.by === 'key');
    const wait = isKey ? this.#keys.take(principal.name) : this.#addresses.take(networkOf(ip));
    return typeof wait === 'number' ? refuse(wait) : wait.then(refuse);
  }

  /** Whether credentials from here are worth checking. @throws Refusal 429 where too many were refused */
  mayTry(ip: string): void {
    refuse(this.#refused.peek(networkOf(ip)));
  }

  /** Counts credentials that were refused. */
  async countRefused(ip: string): Promise<void> {
    await this.#refused.take(networkOf(ip));
  }
}

function refuse(wait: number): undefined {
  if (wait > 0)
    throw new Refusal(429, 'rate_limited', 'too many requests: wait as long as Retry-After says', { retryAfter: wait });
}

/** Whoever has one address of version 6 has 2^64 of them. */
function networkOf(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  return (
    mapped ??
    new URL(`http://[${ip.replace(/%.*$/, '')}]`).hostname
      .slice(1, -1)
      .split('::')[0]
      ?.split(':')
      .slice(0, 4)
      .join(':') ??
    ip
  );
}
