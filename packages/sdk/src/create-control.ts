import { ControlCache, openRedisLevel } from '@rampart/consent';
import { openStore } from '@rampart/store';
import { type ControlOptions, checkControlOptions } from './control-options.js';
import { DurableControl } from './durable-control.js';
import { MigratedLog } from './migrated-log.js';

/**
 * Opens the control state of one database: recorded in SQL, followed by every process. Nothing is connected yet.
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
  const { database, secret, timeout, connections, logger } = options;
  const store = openStore({ database, secret, timeout, connections, logger });
  const log = new MigratedLog(store, options.migrate === false ? async () => {} : () => store.migrate());
  const { redis, environment = 'default' } = options;
  const second = redis === undefined ? undefined : openRedisLevel({ redis, secret, environment, logger });
  const { maxStaleness, pollInterval, mostEntries, patience, meter } = options;
  const cache = new ControlCache({ log, second, maxStaleness, pollInterval, mostEntries, patience, meter, logger });
  return new DurableControl({ store, cache, ready: () => log.ready(), owned, alsoClose: async () => {} });
}
