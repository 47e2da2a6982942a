import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { newFolder } from './folder.js';
import { ensureInstalled } from './installation.js';
import { requireFile } from './products.js';
import { run } from './run.js';
import { type Server, startServer } from './server.js';
import { ordinaryUser, type SystemUser } from './system-user.js';
import { copyTemplate } from './template.js';

export interface PostgresOptions {
  /**
   * Connections the server accepts, without the three it keeps for `query`.
   * @default 100
   */
  readonly maxConnections?: number;
  /**
   * More settings, by their names in postgresql.conf. They hold for every start of this server.
   * @default none: it syncs to disk before it answers a commit, as in production
   */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A PostgreSQL with an empty database `rampart` and an ordinary user of that name who owns it. */
export interface PostgresServer extends Server {
  /** `postgres://rampart:PASSWORD@127.0.0.1:PORT/rampart`; the password is this server's own. */
  readonly url: string;
  readonly dataFolder: string;
  /** One statement as superuser, on a way in that stays free when the user's connections are used up. Waits 10 s at most. */
  query(sql: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** Makes one more empty database that the user owns. Returns its url. */
  newDatabase(): Promise<string>;
}

/** What a replica needs to know of its primary. */
export interface PostgresPlan {
  readonly folder: string;
  readonly user: SystemUser | undefined;
  readonly password: string;
  readonly options: PostgresOptions;
}

const plans = new WeakMap<PostgresServer, PostgresPlan>();

/** Kept free for `query`, also by default in PostgreSQL itself. */
const reserved = 3;

/** In milliseconds. */
const queryTimeout = 10_000;

/** Starts a PostgreSQL. @throws Error with the server's log when it does not start. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  await ensureInstalled(['postgresql']);
  const user = ordinaryUser(['postgres', 'nobody']);
  const folder = await newFolder('postgres', user);
  const version = (await run({ command: requireFile('postgresql', 'postgres'), args: ['--version'] })).trim();
  const name = `${version.replaceAll(/[^\w.]+/g, '-')}-2`;
  await copyTemplate({ name, user, make: (data) => makeData(data, user) }, join(folder, 'data'));
  const plan = { folder, user, password: randomBytes(16).toString('hex'), options };
  const server = await runPostgres(plan);
  await server.query(`ALTER ROLE rampart PASSWORD '${plan.password}'`);
  await server.query(`ALTER ROLE replicator PASSWORD '${plan.password}'`);
  return server;
}

/** Starts a PostgreSQL on the data that is in the plan's folder. */
export async function runPostgres(plan: PostgresPlan): Promise<PostgresServer> {
  const { folder, user, password, options } = plan;
  const dataFolder = join(folder, 'data');
  const controls = await startServer({
    name: 'PostgreSQL',
    command: requireFile('postgresql', 'postgres'),
    args: (port) => ['-D', dataFolder, ...settingsOf(port, folder, options)],
    folder,
    user,
    answers: async (port) => (await query(folder, port, 'SELECT 1')).length === 1,
    // Without a checkpoint, but tidy: a killed one leaves a piece of shared memory behind.
    leaveBy: 'SIGQUIT',
  });
  const urlOf = (database: string): string => `postgres://rampart:${password}@127.0.0.1:${controls.port}/${database}`;
  const server: PostgresServer = {
    ...controls,
    get pid() {
      return controls.pid;
    },
    url: urlOf('rampart'),
    dataFolder,
    query: (sql, values) => query(folder, controls.port, sql, values),
    async newDatabase() {
      const name = `rampart_${randomBytes(6).toString('hex')}`;
      await server.query(`CREATE DATABASE ${name} OWNER rampart`);
      return urlOf(name);
    },
  };
  plans.set(server, plan);
  return server;
}

/** How the server was made. @throws Error when it was not made here. */
export function planOf(server: PostgresServer): PostgresPlan {
  const plan = plans.get(server);
  if (!plan) throw new Error('not a server of startPostgres');
  return plan;
}

function settingsOf(port: number, folder: string, { maxConnections = 100, settings }: PostgresOptions): string[] {
  const all = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    max_connections: maxConnections + reserved,
    superuser_reserved_connections: reserved,
    // In the data folder, so that a killed server leaves nothing elsewhere.
    dynamic_shared_memory_type: 'mmap',
    // A replica that was away for long must still find what it missed. In megabytes.
    wal_keep_size: 512,
    ...settings,
  };
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** Over the socket in the private folder, where the superuser needs no password. */
async function query(
  folder: string,
  port: number,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({
    host: folder,
    port,
    user: 'postgres',
    database: 'rampart',
    connectionTimeoutMillis: queryTimeout,
    query_timeout: queryTimeout,
  });
  // A connection that breaks between two statements is not worth a crash: the next statement says so.
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(sql, [...values])).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

const accessRules = `
local all all trust
host all all 127.0.0.1/32 scram-sha-256
host replication replicator 127.0.0.1/32 scram-sha-256
`;

/** Each database is 300 files to copy: the one that nobody needs becomes the one that is wanted. */
const firstStatements = `
CREATE ROLE rampart LOGIN CREATEDB;

CREATE ROLE replicator LOGIN REPLICATION;

ALTER DATABASE postgres RENAME TO rampart;

ALTER DATABASE rampart OWNER TO rampart;

`;

async function makeData(data: string, user: SystemUser | undefined): Promise<void> {
  const initdb = ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '--locale=C', '--encoding=UTF8'];
  await run({ command: requireFile('postgresql', 'initdb'), args: initdb, user, cwd: '/' });
  const postgres = requireFile('postgresql', 'postgres');
  await run({
    command: postgres,
    args: ['--single', '-j', '-D', data, 'template1'],
    user,
    cwd: '/',
    input: firstStatements,
  });
  await writeFile(join(data, 'pg_hba.conf'), accessRules);
}
