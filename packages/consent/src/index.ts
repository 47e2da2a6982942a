// For users.

// For those who build adapters.
export type { Clocks } from './clocks.js';
export type { CacheCounts, CacheStatus, ControlCacheOptions } from './control-cache.js';
export { ControlCache } from './control-cache.js';
export type { PushState, SecondLevel } from './second-level.js';
