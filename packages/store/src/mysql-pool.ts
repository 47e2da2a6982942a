import mysql from 'mysql2/promise';
import { type Connection, endsWithin, type Pool, type Result } from './connection.js';
import { storeError, storeErrorOf } from './driver-error.js';
import type { PoolSettings } from './postgres-pool.js';

class MysqlConnection implements Connection {
  readonly driver: mysql.PoolConnection;
  readonly #settings: PoolSettings;
  #lost: unknown;

  constructor(driver: mysql.PoolConnection, settings: PoolSettings) {
    this.driver = driver;
    this.#settings = settings;
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  async query(text: string, values: readonly unknown[]): Promise<Result> {
    const { address, timeout } = this.#settings;
    // After a timeout the answer may still come; whatever is asked next would take it for its own.
    if (this.#lost !== undefined) throw storeErrorOf(this.#lost, address.shown);
    try {
      const [result] = await this.driver.query({ sql: text, values: [...values], timeout });
      if (Array.isArray(result)) return { rows: result as Record<string, unknown>[], changed: 0 };
      return { rows: [], changed: result.affectedRows };
    } catch (error) {
      const { fatal, code } = error as { readonly fatal?: boolean; readonly code?: string };
      if (fatal === true || code === undefined || /^(?:PROTOCOL_|E[A-Z]+$)/.test(code)) this.#lost = error;
      throw storeErrorOf(error, address.shown);
    }
  }
}

/** Connections to a MySQL or MariaDB server. */
export function mysqlPool(settings: PoolSettings): Pool {
  const { address, timeout, connections } = settings;
  const pool = mysql.createPool({
    // mysql2 knows one name of the protocol only.
    uri: address.engine === 'mysql' ? address.url.replace(/^mariadb:/, 'mysql:') : '',
    connectionLimit: connections,
    connectTimeout: timeout,
    charset: 'utf8mb4_bin',
    timezone: 'Z',
    dateStrings: true,
    supportBigNumbers: true,
    enableKeepAlive: true,
    // A JSON column would come parsed; what was committed to is its text.
    jsonStrings: true,
  });
  pool.on('connection', (connection) => prepare(connection as unknown as Statements, settings));
  return {
    acquire: () => acquire(pool, settings),
    release(given) {
      const connection = given as MysqlConnection;
      if (connection.isLost) connection.driver.destroy();
      else connection.driver.release();
    },
    async close() {
      await endsWithin(timeout, pool.end());
    },
  };
}

async function acquire(pool: mysql.Pool, settings: PoolSettings): Promise<MysqlConnection> {
  const { address, timeout } = settings;
  const asked = pool.getConnection();
  if (!(await endsWithin(timeout, asked))) {
    // It may come yet, and would be nobody's.
    asked.then((late) => late.release()).catch(() => undefined);
    throw storeError('timeout', address.shown, `no connection within ${timeout} ms`);
  }
  try {
    return new MysqlConnection(await asked, settings);
  } catch (error) {
    throw storeErrorOf(error, address.shown);
  }
}

interface Statements {
  query(text: string, done: (error: Error | null) => void): void;
}

/** Sent ahead of everything else on a new connection. */
function prepare(connection: Statements, { timeout, warn, address }: PoolSettings): void {
  const seconds = Math.max(1, Math.ceil(timeout / 1_000));
  const must = [
    // Values are escaped with backslashes, and a value that doesn't fit must not be cut.
    "set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'",
    // Locks on gaps make two writers of new rows wait for each other.
    'set session transaction isolation level read committed',
    `set session innodb_lock_wait_timeout = ${seconds}, @rampart_writer = 1`,
  ];
  for (const text of must) {
    connection.query(text, (error) => {
      if (error) warn(storeErrorOf(error, address.shown).message);
    });
  }
  // MariaDB only: a writer that is stopped must not keep the head of the log for ever.
  connection.query(`set session idle_transaction_timeout = ${seconds * 2}`, () => undefined);
}
