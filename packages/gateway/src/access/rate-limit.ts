import type { DurableControl } from '@rampart/sdk';
import { LRUCache } from 'lru-cache';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { Rate } from '../configuration.js';

type RedisClient = NonNullable<DurableControl['redis']>;

/** Options of {@link RateLimit}. */
export interface RateLimitOptions {
  /** What is counted, e.g. `key`; names the counts in Redis. */
  readonly name: string;
  readonly rate: Rate;
  /** Where all gateways of an environment count together. @default this one counts by itself */
  readonly redis?: RedisClient | undefined;
  readonly environment: string;
  readonly now?: (() => number) | undefined;
}

interface Count {
  /** Requests that need no new question. */
  left: number;
  /** When the window ends, in ms. */
  until: number;
  /** Whether it is over for this window. */
  isSpent: boolean;
  asking: Promise<void> | undefined;
}

/** Callers counted at once; whoever was not seen longest begins anew. */
const MOST_CALLERS = 50_000;
/** With Redis, requests are taken in blocks of this part of the rate: twenty questions a window and not one a request. */
const BLOCKS = 20;

/**
 * So many requests a window for each caller. In a process of its own that is a number in memory. With Redis a gateway takes
 * blocks out of the common window, counts them down by itself and so never makes a request wait for Redis but once a block;
 * the price is that up to a block for each gateway stays unused. While Redis is down each gateway counts by itself.
 */
export class RateLimit {
  readonly #counts = new LRUCache<string, Count>({ max: MOST_CALLERS });
  readonly #rate: Rate;
  readonly #block: number;
  readonly #shared: RateLimiterRedis | undefined;
  readonly #now: () => number;

  constructor({ name, rate, redis, environment, now = Date.now }: RateLimitOptions) {
    this.#rate = rate;
    this.#now = now;
    this.#block = redis === undefined ? rate.points : Math.max(1, Math.floor(rate.points / BLOCKS));
    this.#shared = redis && sharedLimiter(redis, `rampart:${encodeURIComponent(environment)}:rate:${name}`, rate);
  }

  /** Counts one request. 0: go on; else seconds until it is worth asking again. */
  take(caller: string): number | Promise<number> {
    const count = this.#counts.get(caller) ?? this.#begin(caller);
    const now = this.#now();
    if (now >= count.until) {
      count.left = 0;
      count.isSpent = false;
      if (this.#shared === undefined) {
        count.left = this.#rate.points;
        count.until = now + this.#rate.seconds * 1_000;
      }
    }
    if (count.left > 0) {
      count.left -= 1;
      return 0;
    }
    if (count.isSpent || this.#shared === undefined) return secondsOf(count.until - now);
    count.asking ??= this.#ask(this.#shared, caller, count);
    return count.asking.then(() => this.take(caller));
  }

  /** What {@link take} would say by what is known here; counts nothing. */
  peek(caller: string): number {
    const count = this.#counts.get(caller);
    const now = this.#now();
    if (count === undefined || now >= count.until || count.left > 0) return 0;
    return count.isSpent || this.#shared === undefined ? secondsOf(count.until - now) : 0;
  }

  #begin(caller: string): Count {
    const count: Count = { left: 0, until: 0, isSpent: false, asking: undefined };
    this.#counts.set(caller, count);
    return count;
  }

  async #ask(limiter: RateLimiterRedis, caller: string, count: Count): Promise<void> {
    try {
      const { msBeforeNext } = await limiter.consume(caller, this.#block);
      count.left += this.#block;
      count.until = this.#now() + Math.max(1, msBeforeNext);
    } catch (refusal) {
      count.isSpent = true;
      const wait = refusal instanceof RateLimiterRes ? refusal.msBeforeNext : this.#rate.seconds * 1_000;
      count.until = this.#now() + Math.max(1, wait);
    } finally {
      count.asking = undefined;
    }
  }
}

function secondsOf(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}

function sharedLimiter(link: RedisClient, keyPrefix: string, { points, seconds }: Rate): RateLimiterRedis {
  return new RateLimiterRedis({
    storeClient: { rlflxIncr: (values: readonly string[]) => countInRedis(link, values) },
    keyPrefix,
    points,
    duration: seconds,
    insuranceLimiter: new RateLimiterMemory({ points, duration: seconds }),
  });
}

const COUNT = `
  redis.call('SET', KEYS[1], 0, 'EX', ARGV[2], 'NX')
  local consumed = redis.call('INCRBY', KEYS[1], ARGV[1])
  return { consumed, redis.call('PTTL', KEYS[1]) }`;

/** What the limiter asks of a client, over the connections that the process has. Rejects where Redis is down. */
async function countInRedis(
  link: RedisClient,
  [key = '', units = '', seconds = '']: readonly string[],
): Promise<unknown> {
  const reply = await link.send('eval', COUNT, 1, key, units, seconds);
  if (!Array.isArray(reply)) throw new Error('Redis did not answer');
  return reply;
}
