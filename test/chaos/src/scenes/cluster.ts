import { type RedisCluster, startCluster, startPostgres } from '@rampart/services';
import type { Chapter, Scene, SceneOptions } from '../fault.js';
import { ENVIRONMENT, startFleet } from '../fleet.js';
import { Stops } from '../stops.js';

interface Clustered extends Scene {
  readonly redis: RedisCluster;
}

const PRIMARIES = 3;
const SLOTS = 16_384;

/** A cluster of three primaries without replicas. */
const clusterOf = (requireFullCoverage: boolean): Chapter<Clustered> => {
  const setting = `cluster-require-full-coverage ${requireFullCoverage ? 'yes' : 'no'}`;
  return {
    id: requireFullCoverage ? 'cluster' : 'partial-cluster',
    title: `a Redis Cluster of three primaries, ${setting}`,
    start: (options) => startClustered(options, requireFullCoverage),
    faults: [
      {
        id: requireFullCoverage ? 'cluster-primary' : 'partial-cluster-primary',
        name: `a cluster losing the primary that carries the messages, ${setting}; it comes back empty`,
        lasts: { short: 3_200, full: 20_000 },
        expects: 'answers',
        async begin({ redis }) {
          const slot = Number(await redis.nodes[0]?.command('CLUSTER', 'KEYSLOT', `{${ENVIRONMENT}}`));
          const lost = await redis.killPrimary(Math.floor((slot * PRIMARIES) / SLOTS));
          return async () => {
            await lost.start();
            return [];
          };
        },
      },
    ],
  };
};

/** Refuses everything while some slots are gone, as Redis does by default. */
export const CLUSTER: Chapter<Clustered> = clusterOf(true);
/** Goes on with the slots that are left. */
export const PARTIAL_CLUSTER: Chapter<Clustered> = clusterOf(false);

async function startClustered({ pace, sabotaged }: SceneOptions, requireFullCoverage: boolean): Promise<Clustered> {
  const stops = new Stops();
  try {
    const postgres = stops.own(await startPostgres());
    const redis = stops.own(await startCluster({ primaries: PRIMARIES, requireFullCoverage }));
    const connection = { cluster: redis.nodes.map(({ port }) => ({ host: '127.0.0.1', port })) };
    const control = () => ({ database: postgres.url, redis: connection });
    const { driver } = await startFleet({ pace, sabotaged, stops, control });
    return { driver, redis, stop: () => stops.stop() };
  } catch (error) {
    await stops.stop();
    throw error;
  }
}
