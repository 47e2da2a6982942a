import { NETWORK_FAULTS } from './faults/network.js';
import { READER_FAULTS } from './faults/readers.js';
import { REDIS_FAULTS } from './faults/redis.js';
import { SQL_FAULTS } from './faults/sql.js';
import { CLOCKS } from './scenes/clocks.js';
import { CLUSTER, PARTIAL_CLUSTER } from './scenes/cluster.js';
import { startOneRedis } from './scenes/one-redis.js';
import { RELAYED } from './scenes/relayed.js';
import { SENTINELS } from './scenes/sentinels.js';
import { type Story, storyOf } from './story.js';

/** Everything that is broken, in the order in which it is. */
export const STORIES: readonly Story[] = [
  storyOf({
    id: 'one-redis',
    title: 'one PostgreSQL, one Redis',
    start: startOneRedis,
    faults: [...REDIS_FAULTS, ...SQL_FAULTS, ...NETWORK_FAULTS, ...READER_FAULTS],
  }),
  storyOf(RELAYED),
  storyOf(CLOCKS),
  storyOf(SENTINELS),
  storyOf(CLUSTER),
  storyOf(PARTIAL_CLUSTER),
];
