import mysql from 'mysql2';
import type { Connection } from 'mysql2/promise';
import type { Pool, QueryResult } from '../connection.js';
import { type DriverConnection, openPool, type PoolSettings } from '../pool.js';

/** MariaDB truncates aggregated arrays at this length. A page of user choices takes half of it at most. */
const MAX_JSON_ARRAY_BYTES = 16 * 1024 * 1024;

interface Destroyable {
  destroy(): void;
}

class MysqlConnection implements DriverConnection {
  readonly #connection: Connection;
  readonly #seconds: number;

  constructor(connection: Connection, timeout: number) {
    this.#connection = connection;
    this.#seconds = Math.max(1, Math.ceil(timeout / 1_000));
  }

  async open(): Promise<void> {
    await this.#connection.connect();
    // Values are escaped with backslashes, and values and lists must not be truncated.
    await this.#connection.query(`set session sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION',
      group_concat_max_len = ${MAX_JSON_ARRAY_BYTES},
      innodb_lock_wait_timeout = ${this.#seconds}, @rampart_writer = 1`);
    // Gap locks would make two writers of new rows wait for each other.
    await this.#connection.query('set session transaction isolation level read committed');
    // MariaDB only: a paused writer must not lock the head of the log forever.
    await this.#connection.query(`set session idle_transaction_timeout = ${this.#seconds * 2}`).catch(() => undefined);
  }

  async query(text: string, values: readonly unknown[]): Promise<QueryResult> {
    const [result] = await this.#connection.query(text, [...values]);
    if (Array.isArray(result)) return { rows: result as Record<string, unknown>[], affectedRows: 0 };
    return { rows: [], affectedRows: result.affectedRows };
  }

  isFatal(error: unknown): boolean {
    const { fatal, code } = error as { readonly fatal?: boolean; readonly code?: string };
    return fatal === true || code === undefined || /^(?:PROTOCOL_|E[A-Z]+$)/.test(code);
  }

  end(): Promise<void> {
    return this.#connection.end();
  }

  destroy(): void {
    this.#connection.destroy();
    // The driver closes only its half of the connection.
    const { connection } = this.#connection as unknown as { readonly connection: { readonly stream: Destroyable } };
    connection.stream.destroy();
  }
}

/** Connections to a MySQL or MariaDB server. */
export function mysqlPool(settings: PoolSettings): Pool {
  const { address, timeoutMs, statementTimeoutMs = timeoutMs } = settings;
  // mysql2 accepts mysql: only.
  const uri = address.engine === 'mysql' ? address.url.replace(/^mariadb:/, 'mysql:') : '';
  return openPool(settings, (onBroken) => {
    const connection = mysql.createConnection({
      uri,
      connectTimeout: timeoutMs,
      charset: 'utf8mb4_bin',
      timezone: 'Z',
      dateStrings: true,
      supportBigNumbers: true,
      enableKeepAlive: true,
      // Commitments cover the text of a JSON column, not its parsed value.
      jsonStrings: true,
    });
    connection.on('error', onBroken);
    connection.on('end', () => onBroken(new Error('connection lost: the server closed it')));
    return new MysqlConnection(connection.promise(), statementTimeoutMs);
  });
}
