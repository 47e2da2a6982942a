import { ControlCache, openRedisCache } from '@rampart/consent';
import { startRedis } from '@rampart/services';
import { Redis } from 'ioredis';
import { ListLog } from '../control-log.mjs';
import { compareTime, FULL, SMOKE } from '../measure.mjs';
import { eventually } from './eventually.mjs';
import { SECRET } from './servers.mjs';
import { threeClasses } from './tenants.mjs';
import { watchRedis } from './watch-redis.mjs';

const TENANTS = 1_024;
const COUNTED = 200;
const tenants = Array.from({ length: TENANTS }, (_, index) => `tenant-${index}`);

/** Tenants in Redis and not in memory, which has room for one; beside what ioredis takes for one HGETALL of the same. */
export async function redisMiss({ smoke }) {
  const server = await startRedis();
  const log = new ListLog(tenants.flatMap((tenant, index) => threeClasses(tenant, index)));
  const sharedCache = openRedisCache({ redis: server.url, secret: SECRET, environment: 'bench' });
  const cache = new ControlCache({ log, sharedCache, maxStaleness: 600_000, mostEntries: 3 });
  const bare = new Redis(server.url);
  try {
    await cache.start();
    await eventually('Redis is connected', () => sharedCache.push().connected);
    for (const tenant of tenants) {
      await eventually('Redis has it', async () => {
        sharedCache.putTenant(tenant, await log.readTenant(tenant));
        return (await sharedCache.getTenant(tenant)) !== undefined;
      });
    }
    const keys = (await bare.keys('*')).sort();
    const turns = (list, ask) => {
      let next = 0;
      return { call: () => ask(list[next++ % TENANTS]), async: true };
    };
    const miss = turns(tenants, (tenant) => cache.load(tenant));
    const { value, ours, other } = await compareTime(
      miss,
      turns(keys, (key) => bare.hgetall(key)),
      smoke ? SMOKE : FULL,
    );
    const trips = await roundTrips(server, miss);
    const { fromDatabase, fromSharedCache } = cache.counts;
    // On a busy machine an answer of Redis may come too late.
    if (fromDatabase > fromSharedCache / 100) throw new Error(`${fromDatabase} misses were answered by the database`);
    if (trips > 1) throw new Error(`a miss cost ${trips} commands`);
    return { value, note: `${ours.toFixed(0)} / ${other.toFixed(0)} µs, one at a time; 1 command a miss` };
  } finally {
    bare.disconnect();
    await cache.close();
    await sharedCache.close();
    await server.stop();
  }
}

async function roundTrips(server, { call }) {
  const watch = await watchRedis(server);
  for (let count = 0; count < COUNTED; count += 1) await call();
  const commands = await watch.stop();
  return commands.filter(([, key]) => key?.includes(':tenant:')).length / COUNTED;
}
