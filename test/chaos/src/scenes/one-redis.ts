import {
  type PostgresServer,
  type RedisServer,
  startPostgres,
  startRedis,
  startTcpProxy,
  type TcpAddress,
  type TcpProxy,
} from '@rampart/services';
import type { Scene, SceneOptions } from '../fault.js';
import { type Fleet, type FleetOptions, startFleet } from '../fleet.js';
import { Stops } from '../stops.js';

/** One PostgreSQL and one Redis, readers and writer each with a way of their own to both. */
export interface OneRedis extends Scene, Fleet {
  readonly postgres: PostgresServer;
  readonly redis: RedisServer;
  readonly ways: Ways;
  readonly stops: Stops;
}

/** Proxies. The last reader has its own way to SQL, and so has the relay, where there is one. */
interface Ways {
  readonly readersToSql: TcpProxy;
  readonly lastReaderToSql: TcpProxy;
  readonly writerToSql: TcpProxy;
  readonly relayToSql: TcpProxy;
  readonly readersToRedis: TcpProxy;
  readonly writerToRedis: TcpProxy;
}

/** Few enough to be used up quickly, and enough for three of each process. */
const MOST_CONNECTIONS = 40;
const LAST_READER = 7;

/** Starts it. */
export async function startOneRedis({ pace, sabotaged, launch, relayed }: OneRedisOptions): Promise<OneRedis> {
  const stops = new Stops();
  try {
    const settings = { shared_preload_libraries: 'pg_stat_statements' };
    const postgres = stops.own(await startPostgres({ maxConnections: MOST_CONNECTIONS, settings }));
    const redis = stops.own(await startRedis());
    const ways = await openWays(postgres, redis, stops);
    const fleet = await startFleet({
      pace,
      sabotaged,
      stops,
      launch,
      relayed,
      control: (role) => {
        if (role === 'relay') return through(postgres, ways.relayToSql, ways.writerToRedis);
        if (role === 'writer') return through(postgres, ways.writerToSql, ways.writerToRedis);
        return through(postgres, role === LAST_READER ? ways.lastReaderToSql : ways.readersToSql, ways.readersToRedis);
      },
    });
    return { ...fleet, postgres, redis, ways, stops, stop: () => stops.stop() };
  } catch (error) {
    await stops.stop();
    throw error;
  }
}

export interface OneRedisOptions extends SceneOptions {
  readonly launch?: FleetOptions['launch'];
  readonly relayed?: FleetOptions['relayed'];
}

/** Where a server listens. */
export function addressOf({ port }: { readonly port: number }): TcpAddress {
  return { host: '127.0.0.1', port };
}

async function openWays(postgres: PostgresServer, redis: RedisServer, stops: Stops): Promise<Ways> {
  const open = async (server: { readonly port: number }): Promise<TcpProxy> => {
    const proxy = await startTcpProxy({ target: addressOf(server) });
    stops.add(() => proxy.close());
    return proxy;
  };
  return {
    readersToSql: await open(postgres),
    lastReaderToSql: await open(postgres),
    writerToSql: await open(postgres),
    relayToSql: await open(postgres),
    readersToRedis: await open(redis),
    writerToRedis: await open(redis),
  };
}

function through(postgres: PostgresServer, sql: TcpProxy, redis: TcpProxy) {
  const database = new URL(postgres.url);
  database.port = String(sql.port);
  return { database: database.href, redis: `redis://127.0.0.1:${redis.port}` };
}
