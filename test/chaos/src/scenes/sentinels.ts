import { type RedisSentinels, type RedisServer, startPostgres, startSentinels } from '@rampart/services';
import type { Chapter, Scene, SceneOptions } from '../fault.js';
import { startFleet } from '../fleet.js';
import { Stops } from '../stops.js';

interface Watched extends Scene {
  readonly redis: RedisSentinels;
}

/** A Redis that is replaced by its replica. */
export const SENTINELS: Chapter<Watched> = {
  id: 'sentinels',
  title: 'a Redis with a replica, watched by three Sentinels',
  start: startWatched,
  faults: [
    {
      id: 'sentinel-failover',
      name: 'Redis failing over by Sentinel; the old primary comes back as a replica',
      lasts: { short: 5_000, full: 20_000 },
      expects: 'answers',
      async begin({ redis }) {
        const old = await redis.killPrimary();
        return async () => {
          const now = await redis.primary();
          await old.start();
          if (now === old) return ['nobody took over'];
          return (await reads(now)) > 0 ? [] : ['the new primary was never read'];
        };
      },
    },
  ],
};

async function reads(redis: RedisServer): Promise<number> {
  const said = String(await redis.command('INFO', 'commandstats'));
  return Number(/^cmdstat_hmget:calls=(\d+)/m.exec(said)?.[1] ?? 0);
}

async function startWatched({ pace, sabotaged }: SceneOptions): Promise<Watched> {
  const stops = new Stops();
  try {
    const postgres = stops.own(await startPostgres());
    const redis = stops.own(await startSentinels());
    const { sentinels, name, password } = redis;
    const connection = { sentinels, name, options: { password } };
    const control = () => ({ database: postgres.url, redis: connection });
    const { driver } = await startFleet({ pace, sabotaged, stops, control });
    return { driver, redis, stop: () => stops.stop() };
  } catch (error) {
    await stops.stop();
    throw error;
  }
}
