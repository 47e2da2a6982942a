import { setTimeout as sleep } from 'node:timers/promises';
import { createControl } from '@rampart/sdk';
import { startPostgres, startRedis } from '@rampart/services';
import pg from 'pg';
import { median } from '../measure.mjs';
import { eventually } from './eventually.mjs';
import { SECRET, STATISTICS, Stops, statementsLike } from './servers.mjs';

const READ_LOG = '%from rampart_head h%rampart_log where position >%';
const EXPLAINED = 50;

/** How often a process that nobody asks reads the log, as PostgreSQL counts it; without Redis, where it does so more often. */
export async function idleReads({ smoke }) {
  const seconds = smoke ? 2 : 10;
  const stops = new Stops();
  try {
    const postgres = stops.own(await startPostgres(STATISTICS));
    const redis = stops.own(await startRedis());
    const alone = await idle(postgres, await postgres.newDatabase(), undefined, stops);
    const pushed = await idle(postgres, await postgres.newDatabase(), redis.url, stops);
    const before = [await alone(), await pushed()];
    await sleep(seconds * 1_000);
    const [a, b] = [(await alone()) - before[0], (await pushed()) - before[1]];
    return { value: a / seconds, note: `without Redis, over ${seconds} s; with Redis ${(b / seconds).toFixed(1)}` };
  } finally {
    await stops.stop();
  }
}

/** Starts a process that asks nothing. Returns what counts its readings. */
async function idle(postgres, database, redis, stops) {
  const control = stops.close(createControl({ database, redis, secret: SECRET }));
  await control.start();
  await eventually('it follows', () => control.status().provable);
  if (redis !== undefined) await eventually('Redis is connected', () => control.status().pushLostFor === undefined);
  const name = new URL(database).pathname.slice(1);
  return async () => (await statementsLike(postgres, READ_LOG, name)).calls;
}

/** What PostgreSQL takes for one of these readings, planning included, when the log is long. */
export async function idleReadTime({ smoke }) {
  const entries = smoke ? 10_000 : 10_000_000;
  const stops = new Stops();
  try {
    // Nothing of what is measured writes; the filling would take several times as long.
    const settings = {
      ...STATISTICS.settings,
      fsync: 'off',
      max_wal_size: '16GB',
      shared_buffers: '1GB',
      maintenance_work_mem: '1GB',
    };
    const postgres = stops.own(await startPostgres({ settings }));
    const control = stops.close(createControl({ database: postgres.url, secret: SECRET }));
    await control.ready();
    await fill(postgres.url, entries);
    const statement = await statementOf(postgres, control);
    const before = await statementsLike(postgres, READ_LOG);
    await sleep(smoke ? 1_500 : 5_000);
    const after = await statementsLike(postgres, READ_LOG);
    const { times, plan } = await explained(postgres.url, statement, entries);
    const sent = (after.ms - before.ms) / (after.calls - before.calls);
    return {
      value: median(times),
      note: `${entries} entries, median of ${EXPLAINED} with planning; by an idle process ${sent.toFixed(3)} ms\n${plan}`,
    };
  } finally {
    await stops.stop();
  }
}

/** As the store writes them, two details beside each. Keys are taken away and made again: one by one they take ten times as long. */
async function fill(url, entries) {
  const id = 'md5(n::text)::uuid::text';
  const subject = 'md5((n % 100000)::text)';
  const digest = (text) => `repeat(md5(${text}), 2)`;
  const numbers = `from generate_series(1, ${entries}) n`;
  const change = `'{"before":null,"change":{"consent":{"state":"opt_in","version":2},"featureClass":"support_copilot",
    "kind":"consent","tenant":"tenant-' || n % 100000 || '"}}'`;
  const run = (...statements) =>
    connected(url, async (client) => {
      for (const text of statements) await client.query(text);
    });
  await Promise.all([
    run(
      'alter table rampart_log drop constraint rampart_log_pkey, drop constraint rampart_log_id_key',
      `insert into rampart_log select n, ${id}, 'consent', ${subject}, 1700000000000 + n, ${digest('n::text')},
        ${digest('(-n)::text')}, ${digest('(n + 0.5)::text')} ${numbers}`,
      'alter table rampart_log add primary key (position), add unique (id)',
      `update rampart_head set position = ${entries}, sealed = ${entries}`,
      'vacuum analyze rampart_log',
      'vacuum analyze rampart_head',
    ),
    run(
      'alter table rampart_detail drop constraint rampart_detail_pkey',
      `insert into rampart_detail select ${id}, 'what', ${subject}, null, null, md5((-n)::text), ${change} ${numbers}`,
      `insert into rampart_detail select ${id}, 'who', ${subject}, 'ana', null, md5((-n)::text),
        '{"actor":"ana","reason":"asked by mail"}' ${numbers}`,
      'alter table rampart_detail add primary key (id, part)',
      'vacuum analyze rampart_detail',
    ),
  ]);
}

/** The very text with which a process reads the log. */
async function statementOf(postgres, control) {
  const find = async () => {
    const [found] = await postgres.query('select query from pg_stat_activity where query like $1', [READ_LOG]);
    return found?.query;
  };
  await control.start();
  await eventually('it reads the log', async () => (await find()) !== undefined, 60_000);
  return find();
}

function explained(url, statement, entries) {
  return connected(url, async (client) => {
    await client.query(`prepare reading as ${statement}`);
    const execute = `execute reading(${entries}, 1000)`;
    // PostgreSQL decides after five of them whether it goes on planning each time.
    for (let count = 0; count < 10; count += 1) await client.query(execute);
    const times = [];
    let plan = '';
    for (let count = 0; count < EXPLAINED; count += 1) {
      const { rows } = await client.query(`explain (analyze, buffers) ${execute}`);
      plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      times.push(timeIn(plan, 'Planning') + timeIn(plan, 'Execution'));
    }
    return { times, plan };
  });
}

function timeIn(plan, what) {
  return Number(new RegExp(`^${what} Time: ([\\d.]+) ms`, 'm').exec(plan)?.[1]);
}

async function connected(url, work) {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
