import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { newFolder } from './folder.js';
import { ensureInstalled } from './installation.js';
import { requireFile } from './products.js';
import { type Server, startServer } from './server.js';
import { ordinaryUser } from './system-user.js';

/** A PgBouncer before one PostgreSQL, with its default settings otherwise. */
export interface PgbouncerServer extends Server {
  /** The URL of a database of the PostgreSQL server, led through this PgBouncer. */
  through(url: string): string;
}

export interface PgbouncerOptions {
  /** PgBouncer's `pool_mode`. @default 'session', as in PgBouncer */
  readonly mode?: 'session' | 'transaction' | 'statement';
  /** A URL of the PostgreSQL server: its address, user and password. */
  readonly url: string;
}

/** Starts a PgBouncer on a free port. @throws Error with the end of its log when it does not start */
export async function startPgbouncer({ mode = 'session', url }: PgbouncerOptions): Promise<PgbouncerServer> {
  await ensureInstalled(['pgbouncer']);
  const user = ordinaryUser(['postgres', 'nobody']);
  const folder = await newFolder('pgbouncer', user);
  const { hostname, port: target, username, password } = new URL(url);
  const through = (port: number, database: string): string => {
    const led = new URL(database);
    led.port = String(port);
    return led.href;
  };
  const write = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    if (user) chownSync(file, user.uid, user.gid);
    return file;
  };
  const users = write('users.txt', `"${username}" "${password}"\n`);
  const configured = (port: number): string =>
    write(
      'pgbouncer.ini',
      `[databases]
* = host=${hostname} port=${target}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_file = ${users}
pool_mode = ${mode}
`,
    );
  const server = await startServer({
    name: 'PgBouncer',
    command: requireFile('pgbouncer', 'pgbouncer'),
    args: (port) => ['-q', configured(port)],
    folder,
    user,
    answers: async (port) => {
      const client = new pg.Client({ connectionString: through(port, url), connectionTimeoutMillis: 5_000 });
      client.on('error', () => {});
      try {
        await client.connect();
        return (await client.query('select 1')).rows.length === 1;
      } finally {
        await client.end().catch(() => {});
      }
    },
  });
  return Object.assign(server, { through: (database: string) => through(server.port, database) });
}
