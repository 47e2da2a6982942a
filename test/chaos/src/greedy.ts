import type { PostgresServer } from '@rampart/services';
import pg from 'pg';
import { until } from './until.js';

/** Somebody who leaves no connection to others. */
export interface Greedy {
  /** The most connections it ever had. */
  readonly most: number;
  /** Gives them back. */
  stop(): Promise<void>;
}

const FREE = `
  SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
    - count(*)::int AS free
  FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename = 'rampart'`;

/** Takes every connection that is free, now and whenever one becomes free. Resolves when none is left. */
export async function takeAllConnections(postgres: PostgresServer): Promise<Greedy> {
  const taken = new Set<pg.Client>();
  const over = new AbortController();
  let most = 0;
  const takeOne = async (): Promise<boolean> => {
    const client = new pg.Client({ connectionString: postgres.url });
    client.on('error', () => taken.delete(client));
    const isTaken = await client.connect().then(
      () => true,
      () => false,
    );
    if (isTaken) taken.add(client);
    most = Math.max(most, taken.size);
    return isTaken;
  };
  const takeRest = async (): Promise<boolean> => {
    while (!over.signal.aborted && (await takeOne()));
    return over.signal.aborted;
  };
  // Those that were cut off count until their server has noticed.
  await until(async () => {
    await takeRest();
    const [row] = await postgres.query(FREE);
    return Number(row?.['free']) <= 0;
  }, 10_000);
  const taking = until(takeRest, Infinity);
  return {
    get most() {
      return most;
    },
    async stop() {
      over.abort();
      await taking;
      await Promise.all([...taken].map((client) => client.end().catch(() => {})));
    },
  };
}
