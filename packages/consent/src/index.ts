// For users.

export type { CacheCounts, CacheStatus } from './cache-status.js';
// For those who build adapters.
export type { Clocks } from './clocks.js';
export type { ControlCacheOptions } from './control-cache.js';
export { ControlCache } from './control-cache.js';
export { type ChangeNotifier, createNotifier } from './redis/change-notifier.js';
export type { RedisAddress, RedisConnection } from './redis/connection.js';
export type { RedisCache, RedisCacheOptions, RedisCounts } from './redis/redis-cache.js';
export { openRedisCache } from './redis/redis-cache.js';
export type { RedisClient, RedisClientOptions } from './redis/redis-client.js';
export { openRedis } from './redis/redis-client.js';
export type { Relay, RelayCounts, RelayOptions } from './redis/relay.js';
export { startRelay } from './redis/relay.js';
export type { RelayedCounts, RelayedLogOptions } from './redis/relayed-log.js';
export { RelayedLog } from './redis/relayed-log.js';
export type { PushState, SharedCache } from './shared-cache.js';
