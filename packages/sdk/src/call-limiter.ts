import type { RedisClient } from '@rampart/consent';
import { ControlInputError, type Decision, readId } from '@rampart/core';
import type { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { DurableControl } from './durable-control.js';

/** Options of {@link createCallLimiter}. */
export interface CallLimiterOptions {
  /**
   * The control of {@link createControl}: where it has Redis, all processes of its environment count together.
   * @default this process counts by itself
   */
  readonly control?: Pick<DurableControl, 'redis' | 'environment'> | undefined;
}

/** A call of AI that is about to be made. */
export interface Call {
  /** What was decided: the change and its `maxPerHour`. */
  readonly decision: Pick<Decision, 'enabled' | 'change' | 'feature' | 'limits'>;
  readonly tenantId: string;
  /** How many calls it counts for, a whole number from 1 to 1,000,000. @default 1 */
  readonly units?: number | undefined;
}

/** Whether a call may be made. */
export interface CallAllowance {
  readonly allowed: boolean;
  /** Calls left in this hour; undefined where there is no limit. */
  readonly remaining: number | undefined;
  /** Until the hour ends that the first call began, in ms; 0 where there is no limit. */
  readonly resetsIn: number;
  /**
   * Whether all processes count together. False without Redis, and while it is down: then each process allows the whole limit
   * by itself.
   */
  readonly shared: boolean;
}

/** Counts calls of AI against the `maxPerHour` of a change, per tenant. */
export interface CallLimiter {
  /**
   * Asks for a call and counts it where it is allowed. A decision that is not enabled allows none.
   *
   * @throws ControlInputError for a tenant or units that can't be counted
   */
  consume(call: Call): Promise<CallAllowance>;
}

const HOUR = 3_600;
const MOST_UNITS = 1_000_000;

/**
 * The limiter that keeps a change to its `maxPerHour`. A service asks it before each call of the model:
 *
 * ```ts
 * const limiter = createCallLimiter({ control });
 * const { allowed, resetsIn } = await limiter.consume({ decision, tenantId });
 * ```
 *
 * An hour begins with its first call. While Redis is down each process counts for itself and goes on counting in Redis when it is back,
 * so a fleet may allow the limit once for each process during such an hour, and never more.
 */
export function createCallLimiter({ control }: CallLimiterOptions = {}): CallLimiter {
  const isShared = control?.redis !== undefined;
  let opening: Promise<Counters> | undefined;
  return {
    async consume({ decision, tenantId, units = 1 }) {
      readId('tenantId', tenantId);
      if (!(Number.isSafeInteger(units) && units >= 1 && units <= MOST_UNITS))
        throw new ControlInputError('units', units, `use a whole number from 1 to ${MOST_UNITS}`);
      if (!decision.enabled) return { allowed: false, remaining: 0, resetsIn: 0, shared: isShared };
      const most = decision.limits?.maxPerHour;
      if (most === undefined) return { allowed: true, remaining: undefined, resetsIn: 0, shared: isShared };
      opening ??= openCounters(control);
      const { inRedis, inProcess } = await opening;
      const key = JSON.stringify([decision.change ?? decision.feature ?? '', tenantId]);
      const together = inRedis && (await counted(inRedis, key, units, most));
      if (together !== undefined) return { ...together, shared: true };
      return { ...((await counted(inProcess, key, units, most)) ?? NONE), shared: false };
    },
  };
}

interface Counters {
  readonly inProcess: RateLimiterMemory;
  readonly inRedis: RateLimiterRedis | undefined;
}

/** Loaded with the first call that has a limit: most services have none, and it takes as long to load as all the rest. */
async function openCounters(control: CallLimiterOptions['control']): Promise<Counters> {
  const limiters = await import('rate-limiter-flexible');
  // What is allowed is decided here: the limit of a change may be edited while an hour is counted.
  const common = { points: Number.MAX_SAFE_INTEGER, duration: HOUR };
  const inProcess = new limiters.RateLimiterMemory({ ...common, keyPrefix: '' });
  if (control?.redis === undefined) return { inProcess, inRedis: undefined };
  const keyPrefix = `rampart:${encodeURIComponent(control.environment)}:calls`;
  return {
    inProcess,
    inRedis: new limiters.RateLimiterRedis({ ...common, keyPrefix, storeClient: clientOver(control.redis) }),
  };
}

const NONE = { allowed: false, remaining: 0, resetsIn: 0 } as const;

/** Undefined where nothing could be counted. */
async function counted(
  limiter: RateLimiterMemory | RateLimiterRedis,
  key: string,
  units: number,
  most: number,
): Promise<Omit<CallAllowance, 'shared'> | undefined> {
  try {
    const { consumedPoints, msBeforeNext }: RateLimiterRes = await limiter.consume(key, units);
    const allowed = consumedPoints <= most;
    // What is not allowed isn't counted: a smaller call may still fit.
    if (!allowed) await limiter.reward(key, units);
    const used = allowed ? consumedPoints : consumedPoints - units;
    return { allowed, remaining: Math.max(0, most - used), resetsIn: Math.max(0, msBeforeNext) };
  } catch {
    return undefined;
  }
}

const COUNT = `
  redis.call('SET', KEYS[1], 0, 'EX', ARGV[2], 'NX')
  local consumed = redis.call('INCRBY', KEYS[1], ARGV[1])
  return { consumed, redis.call('PTTL', KEYS[1]) }`;

/** What the limiter asks of a client, over the connections that the process has. They answer undefined where Redis is down. */
function clientOver(link: RedisClient) {
  return {
    async rlflxIncr([key = '', units = '', seconds = '']: readonly string[]) {
      const reply = await link.send('eval', COUNT, 1, key, units, seconds);
      if (!Array.isArray(reply)) throw new Error('Redis did not answer');
      return reply;
    },
  };
}
