// Rows with servers and processes of their own. What they import is loaded when they run: other rows need none of it.
const arrival = async (options) => (await import('../control/arrival.mjs')).arrival(options);
const stampede = async (options) => (await import('../control/stampede.mjs')).stampede(options);
const appends = async (options) => (await import('../control/appends.mjs')).appends(options);

/** One measurement for both rows of a database. */
const readings = new Map();
function readingTimes(engine, options) {
  const measured =
    readings.get(engine) ?? import('../control/costs.mjs').then((costs) => costs.readingTimes(engine, options));
  readings.set(engine, measured);
  return measured;
}

function readingRow(engine, name, kind, what) {
  return {
    id: `${kind}-${engine}`,
    what: `${what}, ${name}`,
    wanted: null,
    unit: 'ms',
    measure: 'whole',
    async run(options) {
      return {
        value: (await readingTimes(engine, options))[kind],
        note: 'median, one at a time, on an open connection',
      };
    },
  };
}

let large;
const largeTenant = (options) =>
  (large ??= import('../control/large-tenant.mjs').then((module) => module.largeTenant(options)));

/** Fewer of everything. */
const SHORT = { changes: 3, readers: 2 };
const toTheLast = { unit: 'ms', measure: 'whole', mostSeconds: 300 };

/** @param {'redis' | 'sql'} where whose reads are counted */
function readsInStampede(where) {
  return {
    wanted: 1,
    unit: 'reads',
    measure: 'whole',
    async run(options) {
      const { without, having, questions } = await stampede(options);
      return {
        value: Math.max(without[where], having[where]),
        note: `${questions} questions: ${having[where]} where Redis has the tenant, ${without[where]} where it has not`,
      };
    },
  };
}

export const controlRows = [
  {
    id: 'redis-miss',
    what: 'a miss answered by Redis / one bare HGETALL through ioredis',
    wanted: 1.3,
    measure: 'whole',
    run: async (options) => (await import('../control/redis-miss.mjs')).redisMiss(options),
  },
  {
    id: 'stampede',
    what: '10,000 simultaneous misses of one tenant, reads of Redis',
    ...readsInStampede('redis'),
  },
  { id: 'stampede-sql', what: '  reads of PostgreSQL', ...readsInStampede('sql') },
  {
    ...toTheLast,
    id: 'change-to-last',
    what: 'a change until the last of 8 processes answers so, p99',
    wanted: 50,
    run: ({ smoke }) => arrival({ kind: 'consent', withRedis: true, ...(smoke ? SHORT : { changes: 500 }) }),
  },
  {
    ...toTheLast,
    id: 'kill-to-last',
    what: 'a kill, the same',
    wanted: 250,
    run: ({ smoke }) => arrival({ kind: 'kill', withRedis: true, ...(smoke ? SHORT : { changes: 500 }) }),
  },
  {
    ...toTheLast,
    id: 'kill-to-last-no-redis',
    what: '  while Redis is down',
    wanted: 2_000,
    run: ({ smoke }) => arrival({ kind: 'kill', withRedis: false, ...(smoke ? SHORT : { changes: 150 }) }),
  },
  {
    id: 'memory',
    what: '1,000,000 tenants × 3 classes resident, a class entry',
    wanted: 160,
    unit: 'bytes',
    measure: 'whole',
    execArgv: ['--max-old-space-size=8192'],
    run: async (options) => (await import('../control/memory.mjs')).memory(options),
  },
  {
    id: 'log-idle',
    what: 'reads of the log by an idle process',
    wanted: 4,
    unit: 'a second',
    measure: 'whole',
    run: async (options) => (await import('../control/log-idle.mjs')).idleReads(options),
  },
  {
    id: 'log-idle-time',
    what: '  time of the database for one, 10,000,000 entries',
    wanted: 1,
    strictly: true,
    unit: 'ms',
    measure: 'whole',
    mostSeconds: 1_200,
    run: async (options) => (await import('../control/log-idle.mjs')).idleReadTime(options),
  },
  {
    id: 'appends-1',
    what: 'ordered appends / unordered inserts, one writer',
    wanted: 2,
    measure: 'whole',
    run: ({ smoke }) => appends({ smoke, writers: 1 }),
  },
  {
    id: 'appends-8',
    what: '  eight writers',
    wanted: 3,
    measure: 'whole',
    run: ({ smoke }) => appends({ smoke, writers: 8 }),
  },
  readingRow('postgres', 'PostgreSQL', 'miss', 'a miss answered by the database'),
  readingRow('mariadb', 'MariaDB', 'miss', '  the same'),
  readingRow('postgres', 'PostgreSQL', 'poll', 'a poll of the log without news'),
  readingRow('mariadb', 'MariaDB', 'poll', '  the same'),
  {
    id: 'large-tenant',
    what: 'a tenant with 100,000 user choices read, time of the event loop',
    wanted: 200,
    unit: 'ms',
    measure: 'whole',
    async run(options) {
      const { total, choices } = await largeTenant(options);
      return { value: total, note: `${choices} choices, PostgreSQL, receiving and parsing rows included` };
    },
  },
  {
    id: 'large-tenant-pause',
    what: '  longest pause of the process',
    wanted: 50,
    unit: 'ms',
    measure: 'whole',
    async run(options) {
      const { pause, choices } = await largeTenant(options);
      return { value: pause, note: `${choices} choices` };
    },
  },
];
