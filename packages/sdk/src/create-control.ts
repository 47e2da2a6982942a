import {
  ControlCache,
  createNotifier,
  openRedis,
  openRedisCache,
  type RedisClient,
  RelayedLog,
  type SharedCache,
  startRelay,
} from '@rampart/consent';
import type { ControlLog } from '@rampart/core';
import { openStore } from '@rampart/store';
import { type ControlOptions, checkControlOptions } from './control-options.js';
import { DurableControl } from './durable-control.js';
import { MigratedLog } from './migrated-log.js';

/**
 * Opens the control state of one database: recorded in SQL, followed by every process. The database is connected at the first
 * use.
 *
 * ```ts
 * const control = createControl({ database: 'postgres://rampart:...@db/rampart', redis: 'redis://cache', secret });
 * ```
 *
 * @throws ControlInputError, TypeError that names the option, its value and the fix
 */
export function createControl(options: ControlOptions): DurableControl {
  return joinControl(options, false);
}

/** The same, closed by the provider that uses it where `owned` says so. */
export function joinControl(options: ControlOptions, owned: boolean): DurableControl {
  checkControlOptions(options);
  const { database, secret, acceptedSecrets, timeoutMs, pool, logger } = options;
  const store = openStore({ database, secret, acceptedSecrets, timeoutMs, pool, logger });
  const migrated = new MigratedLog(
    store,
    options.migrate === false ? undefined : async () => void (await store.migrate()),
  );
  const { log, sharedCache, redis, close } = withRedis(options, migrated);
  const { maxStaleness, pollInterval, mostEntries, patience, meter } = options;
  // An answer of the store needs a free connection and a statement, each within the timeout.
  const readTimeout = Math.max(10_000, (timeoutMs ?? 0) * 3);
  const following = { maxStaleness, pollInterval, mostEntries, patience, readTimeout };
  const cache = new ControlCache({ log, sharedCache, ...following, meter, logger });
  const { environment = DEFAULT_ENVIRONMENT } = options;
  return new DurableControl({
    store,
    cache,
    ready: () => migrated.ready(),
    environment,
    owned,
    alsoClose: close,
    ...(redis && { redis, hints: createNotifier(redis, environment) }),
  });
}

const DEFAULT_ENVIRONMENT = 'default';

interface Followed {
  /** What the cache follows. */
  readonly log: ControlLog;
  readonly sharedCache?: SharedCache;
  readonly redis?: RedisClient;
  readonly close: () => Promise<void>;
}

/** What Redis adds: a second level, and relays where they are wanted. All of it over the same connections. */
function withRedis(
  { redis, relay, secret, acceptedSecrets, environment = DEFAULT_ENVIRONMENT, logger }: ControlOptions,
  log: ControlLog,
): Followed {
  if (redis === undefined) return { log, close: async () => {} };
  const link = openRedis({ redis, environment, logger });
  const shared = { redis: link, secret, acceptedSecrets, environment, logger };
  const sharedCache = openRedisCache(shared);
  if (relay === 'follow') {
    const relayed = new RelayedLog({ ...shared, log });
    return { log: relayed, sharedCache, redis: link, close: () => relayed.close().then(() => link.close()) };
  }
  const served = relay === 'serve' ? startRelay({ ...shared, log }) : undefined;
  return {
    log,
    sharedCache,
    redis: link,
    close: async () => {
      await served?.stop();
      await link.close();
    },
  };
}
