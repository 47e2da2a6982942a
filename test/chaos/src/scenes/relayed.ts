import { startAttack } from '../attacker.js';
import { allIsWell, type Chapter } from '../fault.js';
import { type OneRedis, startOneRedis } from './one-redis.js';

/** Readers that ask a relay how far the log has got, and not SQL. */
export const RELAYED: Chapter<OneRedis> = {
  id: 'relayed',
  title: 'readers that follow a relay',
  start: (options) => startOneRedis({ ...options, relayed: true }),
  faults: [
    {
      id: 'relay-attacked',
      name: 'Redis written to by an attacker, who also replays and swaps what the relay says',
      lasts: { short: 3_500, full: 30_000 },
      expects: 'answers',
      async begin({ redis }) {
        const end = await startAttack(redis.url);
        return async () => {
          const problems = await end();
          const said = String(await redis.command('INFO', 'commandstats'));
          return /^cmdstat_lpop:calls=/m.test(said) ? problems : [...problems, 'no relay was ever asked'];
        };
      },
    },
    {
      id: 'relay-frozen',
      name: 'the relay frozen; what it was asked it answers at the end',
      lasts: { short: 3_200, full: 30_000 },
      expects: 'answers',
      async begin({ relay }) {
        relay?.freeze();
        return async () => {
          relay?.thaw();
          return [];
        };
      },
    },
    {
      id: 'relay-cut-off',
      name: 'the relay cut off from PostgreSQL without a reset',
      lasts: { short: 3_200, full: 30_000 },
      expects: 'answers',
      async begin({ ways }) {
        ways.relayToSql.halfOpen();
        return () => ways.relayToSql.heal().then(allIsWell);
      },
    },
    {
      id: 'relay-only',
      name: 'readers cut off from PostgreSQL; the relay, Redis and the writer go on, and then Redis is frozen too',
      lasts: { short: 5_000, full: 30_000 },
      expects: 'either',
      async begin({ ways, redis }) {
        const both = [ways.readersToSql, ways.lastReaderToSql];
        for (const way of both) way.halfOpen();
        const frozen = setTimeout(() => void redis.freeze(), 2_000);
        return async () => {
          clearTimeout(frozen);
          await redis.thaw();
          return Promise.all(both.map((way) => way.heal())).then(allIsWell);
        };
      },
    },
    {
      id: 'relay-killed',
      name: 'the relay killed, for good',
      lasts: { short: 3_000, full: 15_000 },
      expects: 'answers',
      async begin({ relay }) {
        await relay?.stop();
        return allIsWell;
      },
    },
  ],
};
