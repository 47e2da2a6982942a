// For users.

export type { CacheCounts, CacheStatus } from './cache-status.js';
// For those who build adapters.
export type { Clocks } from './clocks.js';
export type { ControlCacheOptions } from './control-cache.js';
export { ControlCache } from './control-cache.js';
export type { RedisAddress, RedisConnection } from './redis/connection.js';
export { type Hints, hintsOver } from './redis/hints.js';
export type { RedisLink, RedisLinkOptions } from './redis/link.js';
export { openRedis } from './redis/link.js';
export type { RedisCounts, RedisLevel, RedisLevelOptions } from './redis/redis-level.js';
export { openRedisLevel } from './redis/redis-level.js';
export type { Relay, RelayCounts, RelayOptions } from './redis/relay.js';
export { startRelay } from './redis/relay.js';
export type { RelayedCounts, RelayedLogOptions } from './redis/relayed-log.js';
export { RelayedLog } from './redis/relayed-log.js';
export type { PushState, SecondLevel } from './second-level.js';
