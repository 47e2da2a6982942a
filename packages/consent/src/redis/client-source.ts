import type { RedisConnection } from './connection.js';
import { openRedis, type RedisClient } from './redis-client.js';

/** Where Redis is, or connections that others use too. */
export interface LinkSource {
  readonly redis: RedisConnection | RedisClient;
  readonly environment: string;
  /** Longest wait for an answer of Redis, in ms; not used with connections that are given. @default 150 */
  readonly timeout?: number | undefined;
  readonly logger?: { warn(message: string): void } | undefined;
}

/** The connections that were given, or new ones; and whether to close them. */
export function linkOf({ redis, environment, timeout, logger }: LinkSource): {
  readonly link: RedisClient;
  readonly isOwn: boolean;
} {
  return isLink(redis)
    ? { link: redis, isOwn: false }
    : { link: openRedis({ redis, environment, timeout, logger }), isOwn: true };
}

function isLink(redis: RedisConnection | RedisClient): redis is RedisClient {
  return typeof redis === 'object' && redis !== null && 'listen' in redis;
}
