import { HOSTILITIES, startHostileRedis } from '@rampart/services';
import { startAttack } from '../attacker.js';
import { allIsWell, type Fault } from '../fault.js';
import { startMangler } from '../mangler.js';
import { addressOf, type OneRedis } from '../scenes/one-redis.js';
import { redirect } from './sql.js';

/** What can befall Redis, or the way to it. None of it should matter: everything is answered from SQL. */
export const REDIS_FAULTS: readonly Fault<OneRedis>[] = [
  {
    id: 'redis-killed',
    name: 'Redis killed, and started again empty',
    lasts: { short: 3_000, full: 15_000 },
    expects: 'answers',
    async begin({ redis }) {
      await redis.kill();
      return () => redis.start({ empty: true }).then(allIsWell);
    },
  },
  {
    id: 'redis-frozen',
    name: 'Redis frozen',
    lasts: { short: 3_200, full: 30_000 },
    expects: 'answers',
    async begin({ redis }) {
      await redis.freeze();
      return () => redis.thaw().then(allIsWell);
    },
  },
  {
    id: 'redis-cut-off',
    name: 'readers and writer cut off from Redis without a reset',
    lasts: { short: 3_500, full: 30_000 },
    expects: 'answers',
    async begin({ ways }) {
      const both = [ways.readersToRedis, ways.writerToRedis];
      for (const way of both) way.halfOpen();
      return () => Promise.all(both.map((way) => way.heal())).then(allIsWell);
    },
  },
  {
    id: 'redis-restored',
    name: 'Redis restored from an older snapshot',
    lasts: { short: 3_000, full: 15_000 },
    expects: 'answers',
    async begin({ redis }) {
      const snapshot = await redis.snapshot();
      return () => redis.restore(snapshot).then(allIsWell);
    },
  },
  {
    id: 'redis-attacked',
    name: 'Redis written to by an attacker: values and messages forged, swapped, replayed',
    lasts: { short: 3_500, full: 30_000 },
    expects: 'answers',
    begin: ({ redis }) => startAttack(redis.url),
  },
  {
    id: 'redis-push',
    name: 'push messages lost, doubled, reordered',
    lasts: { short: 3_200, full: 30_000 },
    expects: 'answers',
    async begin({ redis, ways }) {
      const mangler = await startMangler(addressOf(redis));
      await redirect(ways.readersToRedis, mangler);
      return async () => {
        await redirect(ways.readersToRedis, redis);
        await mangler.close();
        const { lost, doubled, late } = mangler.counts;
        return lost > 0 && doubled > 0 && late > 0 ? [] : [`no messages came: ${JSON.stringify(mangler.counts)}`];
      };
    },
  },
  {
    id: 'redis-hostile',
    name: 'Redis late, refusing, cutting replies off, sending junk and replies of a wrong type, in turn',
    lasts: { short: 6_000, full: 30_000 },
    expects: 'answers',
    async begin({ redis, ways }) {
      const hostile = await startHostileRedis();
      const both = [ways.readersToRedis, ways.writerToRedis];
      for (const way of both) await redirect(way, hostile);
      let turns = 0;
      const turn = (): void => hostile.turnHostile(HOSTILITIES[turns++ % HOSTILITIES.length] ?? 'junk');
      turn();
      const timer = setInterval(turn, 700);
      return async () => {
        clearInterval(timer);
        for (const way of both) await redirect(way, redis);
        const connections = hostile.connections();
        await hostile.close();
        return connections > 0 ? [] : ['no process connected to the hostile server'];
      };
    },
  },
];
