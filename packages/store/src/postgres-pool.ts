import pg from 'pg';
import type { Pool, Result } from './connection.js';
import { type DriverConnection, openPool, type PoolSettings } from './pool.js';

/** How many different statements are kept prepared on a connection, and how long a list of values they may have. */
const MOST_PREPARED = 100;
const MOST_VALUES = 50;

class PostgresConnection implements DriverConnection {
  readonly #client: pg.Client;
  readonly #setUp: string;
  readonly #nameOf: (text: string) => string | undefined;

  constructor(client: pg.Client, setUp: string, nameOf: (text: string) => string | undefined) {
    this.#client = client;
    this.#setUp = setUp;
    this.#nameOf = nameOf;
  }

  async open(): Promise<void> {
    await this.#client.connect();
    await this.#client.query(this.#setUp);
  }

  async query(text: string, values: readonly unknown[]): Promise<Result> {
    const name = values.length > 0 && values.length <= MOST_VALUES ? this.#nameOf(text) : undefined;
    const result = await this.#client.query({
      text,
      ...(values.length > 0 && { values: [...values] }),
      ...(name && { name }),
    });
    // Several statements have several results.
    const last = Array.isArray(result) ? (result as pg.QueryResult[]).at(-1) : result;
    return { rows: last?.rows ?? [], changed: last?.rowCount ?? 0 };
  }

  isFatal(error: unknown): boolean {
    return !(error instanceof pg.DatabaseError) || error.severity === 'FATAL' || error.severity === 'PANIC';
  }

  end(): Promise<void> {
    return this.#client.end();
  }

  destroy(): void {
    const { connection } = this.#client as unknown as {
      readonly connection?: { readonly stream?: { destroy(): void } };
    };
    connection?.stream?.destroy();
  }
}

/** Connections to a PostgreSQL server. */
export function postgresPool(settings: PoolSettings): Pool {
  const { address } = settings;
  const nameOf = statementNames();
  const setUp = setUpOf(settings);
  return openPool(settings, (onBroken) => {
    const client = new pg.Client({
      connectionString: address.engine === 'postgres' ? address.url : '',
      keepAlive: true,
      // Statements go out without waiting for the answer to those before.
      pipeline: true,
      types: {
        getTypeParser: (oid, format) => (oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)),
      },
    });
    client.on('error', onBroken);
    return new PostgresConnection(client, setUp, nameOf);
  });
}

/**
 * Settings of a new session. They are set by SQL, since PgBouncer refuses them as startup parameters.
 *
 * A plan made while a table was small is kept, and must not read all of it later: every statement has its index. Where a
 * whole table is meant, that looks so dear to the planner that it would compile for half a second.
 */
function setUpOf({ timeout, statementTimeout = timeout }: PoolSettings): string {
  return [
    // A little earlier than our own deadline, so that a wait for a lock doesn't cost the connection.
    `set statement_timeout = ${Math.max(1, Math.floor(statementTimeout * 0.95))}`,
    // A writer that is stopped must not keep the head of the log for ever.
    `set idle_in_transaction_session_timeout = ${statementTimeout * 2}`,
    'set jit = off',
    'set enable_seqscan = off',
    'set plan_cache_mode = force_generic_plan',
    // A commit that is acknowledged has to be on disk; a server that waits for its replicas too may go on doing so.
    `select set_config('synchronous_commit', 'on', false)
      where current_setting('synchronous_commit') in ('off', 'local')`,
  ].join('; ');
}

/** A short name for a text, the same each time; undefined when there are many already. */
function statementNames(): (text: string) => string | undefined {
  const names = new Map<string, string>();
  return (text) => {
    const known = names.get(text);
    if (known !== undefined || names.size >= MOST_PREPARED) return known;
    const name = `rampart_${names.size}`;
    names.set(text, name);
    return name;
  };
}
