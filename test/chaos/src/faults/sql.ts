import { type PostgresReplica, type PostgresServer, startReplica, type TcpProxy } from '@rampart/services';
import { allIsWell, type Fault } from '../fault.js';
import { takeAllConnections } from '../greedy.js';
import { addressOf, type OneRedis } from '../scenes/one-redis.js';

/** What can befall PostgreSQL, or the way to it. */
export const SQL_FAULTS: readonly Fault<OneRedis>[] = [
  {
    id: 'sql-killed',
    name: 'PostgreSQL killed, and started again',
    lasts: { short: 3_000, full: 15_000 },
    expects: 'closes',
    async begin({ postgres }) {
      await postgres.kill();
      return () => postgres.start().then(allIsWell);
    },
  },
  {
    id: 'sql-frozen',
    name: 'PostgreSQL frozen',
    lasts: { short: 3_200, full: 30_000 },
    expects: 'closes',
    async begin({ postgres }) {
      await postgres.freeze();
      return () => postgres.thaw().then(allIsWell);
    },
  },
  {
    id: 'sql-cut-off',
    name: 'readers cut off from PostgreSQL without a reset; the writer and Redis go on',
    lasts: { short: 3_500, full: 30_000 },
    expects: 'closes',
    async begin({ ways }) {
      const both = [ways.readersToSql, ways.lastReaderToSql];
      for (const way of both) way.halfOpen();
      return () => Promise.all(both.map((way) => way.heal())).then(allIsWell);
    },
  },
  {
    id: 'sql-silent',
    name: 'answers of PostgreSQL held back from readers, and delivered at the end; the writer and Redis go on',
    lasts: { short: 3_500, full: 30_000 },
    expects: 'closes',
    async begin({ ways }) {
      ways.readersToSql.pause('down');
      return () => ways.readersToSql.heal().then(allIsWell);
    },
  },
  {
    id: 'sql-exhausted',
    name: "PostgreSQL's connections exhausted; the writer keeps its own",
    lasts: { short: 3_500, full: 15_000 },
    expects: 'closes',
    async begin({ postgres, ways }) {
      const both = [ways.readersToSql, ways.lastReaderToSql];
      await Promise.all(both.map((way) => way.drop()));
      const greedy = await takeAllConnections(postgres);
      await Promise.all(both.map((way) => way.heal()));
      return async () => {
        await greedy.stop();
        return greedy.most > 0 ? [] : ['no connection was taken'];
      };
    },
  },
  {
    id: 'sql-replica',
    name: 'PostgreSQL answers readers only from a replica, which is behind',
    lasts: { short: 3_500, full: 20_000 },
    expects: 'closes',
    async begin({ postgres, ways, stops }) {
      const replica = stops.own(await startReplica(postgres));
      // It answers, and never learns what is written from now on.
      await replica.query('SELECT pg_wal_replay_pause()');
      await lead(ways, replica);
      return async () => {
        await lead(ways, postgres);
        await replica.stop();
        return [];
      };
    },
  },
];

async function lead({ readersToSql, lastReaderToSql }: OneRedis['ways'], to: PostgresServer | PostgresReplica) {
  await Promise.all([readersToSql, lastReaderToSql].map((way) => redirect(way, to)));
}

/** Cuts the connections, and leads those that come elsewhere. */
export async function redirect(way: TcpProxy, to: { readonly port: number }): Promise<void> {
  await way.drop();
  way.redirect(addressOf(to));
  await way.heal();
}
