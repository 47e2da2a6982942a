import type { Fault } from '../fault.js';
import type { OneRedis } from '../scenes/one-redis.js';

/** What befalls the ways of the readers to everything at once, while the writer goes on. */
export const NETWORK_FAULTS: readonly Fault<OneRedis>[] = [
  {
    id: 'readers-cut-off',
    name: 'readers cut off from everything without a reset; the writer goes on',
    lasts: { short: 3_500, full: 30_000 },
    expects: 'closes',
    async begin({ ways }) {
      const all = [ways.readersToSql, ways.lastReaderToSql, ways.readersToRedis];
      for (const way of all) way.halfOpen();
      return async () => {
        await Promise.all(all.map((way) => way.heal()));
        return [];
      };
    },
  },
];
