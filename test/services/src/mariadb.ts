import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { newFolder } from './folder.js';
import { ensureInstalled } from './installation.js';
import { requireFile } from './products.js';
import { run } from './run.js';
import { type Server, startServer } from './server.js';
import { ordinaryUser, type SystemUser } from './system-user.js';
import { copyTemplate } from './template.js';

export interface MariadbOptions {
  /**
   * Connections the server accepts, without the one it keeps for `query`.
   * @default 100
   */
  readonly maxConnections?: number;
  /**
   * More settings, by their names on the command line. They hold for every start of this server.
   * @default none: it syncs to disk before it answers a commit, as in production
   */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A MariaDB with an empty database `rampart` and an ordinary user of that name who owns it. */
export interface MariadbServer extends Server {
  /** `mysql://rampart:PASSWORD@127.0.0.1:PORT/rampart`; the password is this server's own. */
  readonly url: string;
  readonly dataFolder: string;
  /** One statement as superuser, on a way in that stays free when the user's connections are used up. Waits 10 s at most. */
  query(sql: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** Makes one more empty database that the user owns. Returns its url. */
  newDatabase(): Promise<string>;
}

/** In milliseconds. */
const queryTimeout = 10_000;

/** Starts a MariaDB. @throws Error with the server's log when it does not start. */
export async function startMariadb({ maxConnections = 100, settings }: MariadbOptions = {}): Promise<MariadbServer> {
  await ensureInstalled(['mariadb']);
  const user = ordinaryUser(['mysql', 'nobody']);
  const folder = await newFolder('mariadb', user);
  const dataFolder = join(folder, 'data');
  const socket = join(folder, 'mariadb.sock');
  const password = randomBytes(16).toString('hex');
  await copyTemplate({ name: await templateName(), user, make: (data) => makeData(data, user) }, dataFolder);
  await writeFile(join(folder, 'first.sql'), firstStatements(password));
  const controls = await startServer({
    name: 'MariaDB',
    command: requireFile('mariadb', 'mariadbd'),
    args: (port) => [
      '--no-defaults',
      `--datadir=${dataFolder}`,
      temporaryFolder(folder),
      `--socket=${socket}`,
      `--pid-file=${join(folder, 'mariadb.pid')}`,
      `--init-file=${join(folder, 'first.sql')}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      '--skip-name-resolve',
      `--max-connections=${maxConnections}`,
      logFileSize,
      ...Object.entries(settings ?? {}).map(([name, value]) => `--${name}=${value}`),
    ],
    folder,
    user,
    answers: async () => (await query(socket, 'SELECT 1')).length === 1,
  });
  const urlOf = (database: string): string => `mysql://rampart:${password}@127.0.0.1:${controls.port}/${database}`;
  return {
    ...controls,
    get pid() {
      return controls.pid;
    },
    url: urlOf('rampart'),
    dataFolder,
    query: (sql, values) => query(socket, sql, values),
    async newDatabase() {
      const name = `rampart_${randomBytes(6).toString('hex')}`;
      await query(socket, `CREATE DATABASE ${name}`);
      return urlOf(name);
    },
  };
}

/** Small, as every server gets a copy. */
const logFileSize = '--innodb-log-file-size=16M';

/** A server that starts deletes every table it finds here: in a folder they share, also those of its neighbours. */
const temporaryFolder = (folder: string): string => `--tmpdir=${folder}`;

/** Run at every start, and the same every time. The user may do everything with what is named like its database. */
function firstStatements(password: string): string {
  return `
CREATE DATABASE IF NOT EXISTS rampart;
CREATE OR REPLACE USER rampart@'127.0.0.1' IDENTIFIED BY '${password}';
GRANT ALL PRIVILEGES ON \`rampart%\`.* TO rampart@'127.0.0.1';
`;
}

async function templateName(): Promise<string> {
  const version = (await run({ command: requireFile('mariadb', 'mariadbd'), args: ['--version'] })).trim();
  return `mariadb-${/Ver (\S+)/.exec(version)?.[1] ?? 'unknown'}-1`;
}

/** Who runs the tests is superuser, on the socket in the private folder; nobody is over TCP. */
async function makeData(data: string, user: SystemUser | undefined): Promise<void> {
  const install = [
    '--no-defaults',
    '--auth-root-authentication-method=socket',
    `--auth-root-socket-user=${userInfo().username}`,
    '--skip-test-db',
    `--datadir=${data}`,
    temporaryFolder(dirname(data)),
    logFileSize,
  ];
  await run({ command: requireFile('mariadb', 'mariadb-install-db'), args: install, user, cwd: '/' });
}

async function query(
  socketPath: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<readonly Record<string, unknown>[]> {
  const connection = await createConnection({ socketPath, user: userInfo().username, connectTimeout: queryTimeout });
  connection.on('error', () => {});
  try {
    const [rows] = await connection.query({ sql, values: [...values], timeout: queryTimeout });
    return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
  } finally {
    connection.destroy();
  }
}
