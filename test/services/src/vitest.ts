import { afterAll, beforeAll } from 'vitest';
import { type ChromiumServer, startChromium } from './chromium.js';
import { type MariadbOptions, type MariadbServer, startMariadb } from './mariadb.js';
import { type PostgresOptions, type PostgresServer, startPostgres } from './postgres.js';
import { type RedisOptions, type RedisServer, startRedis } from './redis.js';
import type { Server } from './server.js';

/** A first start may have to install the server and make its template. In milliseconds. */
const startTimeout = 600_000;

/**
 * One server for all tests of the suite or file it is called in: `const postgres = usePostgres()`, then `postgres()`
 * inside hooks and tests. Tests that share it take databases of their own by `newDatabase`.
 */
export function usePostgres(options?: PostgresOptions): () => PostgresServer {
  return use('PostgreSQL', () => startPostgres(options));
}

/** The same for MariaDB. */
export function useMariadb(options?: MariadbOptions): () => MariadbServer {
  return use('MariaDB', () => startMariadb(options));
}

/** The same for Redis. Tests that share it keep to keys of their own. */
export function useRedis(options?: RedisOptions): () => RedisServer {
  return use('Redis', () => startRedis(options));
}

/** The same for Chromium. Tests that share it open contexts of their own: `chromium().browser.newContext()`. */
export function useChromium(): () => ChromiumServer {
  return use('Chromium', startChromium);
}

function use<S extends Pick<Server, 'stop'>>(name: string, start: () => Promise<S>): () => S {
  let server: S | undefined;
  beforeAll(async () => {
    server = await start();
  }, startTimeout);
  afterAll(() => server?.stop());
  return () => {
    if (!server) throw new Error(`The ${name} server is there only inside hooks and tests.`);
    return server;
  };
}
