import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.js';
import type { Answer } from '../history.js';
import { watchReads } from '../redis-reads.js';
import type { OneRedis } from '../scenes/one-redis.js';

/** So many first requests at once. */
const CROWD = 10_000;
/** One way of the slow reader's questions, in ms; slower than changes follow each other, and faster than patience ends. */
const SLOW = 300;

/** What can befall readers themselves. */
export const READER_FAULTS: readonly Fault<OneRedis>[] = [
  {
    id: 'reader-stopped',
    name: 'a reader stopped, and continued',
    lasts: { short: 3_500, full: 60_000 },
    expects: 'either',
    async begin({ readers }) {
      const [reader] = readers;
      reader?.freeze();
      return async () => {
        reader?.thaw();
        return [];
      };
    },
  },
  {
    id: 'reader-slow',
    name: "a slow reader racing changes: its way to SQL is 300 ms longer, and it fills everyone's Redis",
    lasts: { short: 3_200, full: 30_000 },
    expects: 'either',
    async begin({ ways, redis }) {
      ways.lastReaderToSql.delay(SLOW);
      // Without a value in Redis everyone reads SQL, and leaves what was read, the slow one last.
      const emptied = setInterval(() => void redis.command('FLUSHALL').catch(() => {}), SLOW);
      return async () => {
        clearInterval(emptied);
        await ways.lastReaderToSql.heal();
        return [];
      };
    },
  },
  {
    id: 'crowd',
    name: `${CROWD.toLocaleString('en')} first requests for one tenant at once, one reader after the other`,
    lasts: { short: 0, full: 0 },
    expects: 'answers',
    async begin(scene, { form }) {
      const problems = await crowd(scene, form === 'full' ? scene.driver.readers : 2);
      return async () => problems;
    },
  },
];

async function crowd({ driver, redis, postgres }: OneRedis, readers: number): Promise<readonly string[]> {
  await driver.pause();
  await postgres.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements');
  const before = await sqlReads(postgres);
  const reads = await watchReads(redis.url, 'crowd');
  const answers: Answer[] = [];
  // One after the other: at once they would be more than the processors of a small machine answer within patience.
  for (let reader = 0; reader < readers; reader += 1) answers.push(...(await driver.burst(reader, 'crowd', CROWD)));
  // Counted when a statement ends.
  await sleep(100);
  const sql = (await sqlReads(postgres)) - before;
  const ofEach = reads.stop();
  driver.start();
  const unknown = answers.filter(({ sights }) => sights === undefined).length;
  return [
    ...(ofEach.length >= 1 && Math.max(...ofEach) === 1 ? [] : [`reads of Redis, by connection: ${ofEach.join(', ')}`]),
    ...(sql >= 1 && sql <= readers ? [] : [`${sql} reads of SQL by ${readers} readers`]),
    ...(unknown === 0 ? [] : ['some were unknown']),
  ];
}

/** Statements that read what is recorded of a tenant: the only ones that read a tenant's preferences. */
async function sqlReads(postgres: OneRedis['postgres']): Promise<number> {
  const [row] = await postgres.query(
    "SELECT coalesce(sum(calls), 0)::int AS calls FROM pg_stat_statements WHERE query ILIKE 'select%' AND query ILIKE '%rampart_preference%'",
  );
  return Number(row?.['calls']);
}
