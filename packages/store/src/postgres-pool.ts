import pg from 'pg';
import type { Address } from './address.js';
import { type Connection, endsWithin, type Pool, type Result } from './connection.js';
import { storeErrorOf } from './driver-error.js';

export interface PoolSettings {
  readonly address: Address;
  /** In ms. */
  readonly timeout: number;
  readonly connections: number;
  readonly warn: (message: string) => void;
}

/** A commit that is acknowledged has to be on disk; a server that waits for its replicas too may go on doing so. */
const ON_CONNECT = `set jit = off; set enable_seqscan = off; set plan_cache_mode = force_generic_plan;
  select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') in ('off', 'local')`;

/** How many different statements are kept prepared on a connection, and how long a list of values they may have. */
const MOST_PREPARED = 100;
const MOST_VALUES = 50;

class PostgresConnection implements Connection {
  readonly client: pg.PoolClient;
  readonly #shown: string;
  readonly #nameOf: (text: string) => string | undefined;
  #lost: unknown;

  constructor(client: pg.PoolClient, shown: string, nameOf: (text: string) => string | undefined) {
    this.client = client;
    this.#shown = shown;
    this.#nameOf = nameOf;
  }

  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  lose(error: unknown): void {
    this.#lost ??= error;
  }

  async query(text: string, values: readonly unknown[]): Promise<Result> {
    // After a timeout the answer may still come; whatever is asked next would take it for its own.
    if (this.#lost !== undefined) throw storeErrorOf(this.#lost, this.#shown);
    try {
      const name = values.length > 0 && values.length <= MOST_VALUES ? this.#nameOf(text) : undefined;
      const result = await this.client.query({
        text,
        ...(values.length > 0 && { values: [...values] }),
        ...(name && { name }),
      });
      // Several statements have several results.
      const last = Array.isArray(result) ? (result as pg.QueryResult[]).at(-1) : result;
      return { rows: last?.rows ?? [], changed: last?.rowCount ?? 0 };
    } catch (error) {
      const known = storeErrorOf(error, this.#shown);
      if (!(error instanceof pg.DatabaseError) || known.kind === 'unreachable') this.lose(error);
      throw known;
    }
  }
}

/** Connections to a PostgreSQL server. */
export function postgresPool({ address, timeout, connections, warn }: PoolSettings): Pool {
  const pool = new pg.Pool({
    connectionString: address.engine === 'postgres' ? address.url : '',
    max: connections,
    connectionTimeoutMillis: timeout,
    query_timeout: timeout,
    // A little earlier than we give up ourselves, so that a wait for a lock doesn't cost the connection.
    statement_timeout: Math.max(1, Math.floor(timeout * 0.95)),
    // A writer that is stopped must not keep the head of the log for ever.
    idle_in_transaction_session_timeout: timeout * 2,
    keepAlive: true,
    // Statements go out without waiting for the answer to those before.
    pipeline: true,
    types: {
      getTypeParser: (oid, format) => (oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)),
    },
  });
  pool.on('connect', (client) => {
    // A plan made while a table was small is kept, and must not read all of it later: every statement has its index.
    // Where a whole table is meant, that looks so dear to the planner that it would compile for half a second.
    client.query(ON_CONNECT).catch(() => undefined);
  });
  pool.on('error', (error) => warn(storeErrorOf(error, address.shown).message));
  const nameOf = statementNames();
  const held = new Set<PostgresConnection>();
  return {
    async acquire() {
      try {
        const connection = new PostgresConnection(await pool.connect(), address.shown, nameOf);
        connection.client.on('error', onError(connection));
        held.add(connection);
        return connection;
      } catch (error) {
        throw storeErrorOf(error, address.shown);
      }
    },
    release(given) {
      const connection = given as PostgresConnection;
      held.delete(connection);
      connection.client.removeAllListeners('error');
      if (!connection.isLost) return connection.client.release();
      connection.client.release(true);
      destroySocket(connection.client);
    },
    async close() {
      if (await endsWithin(timeout, pool.end())) return;
      for (const { client } of held) destroySocket(client);
    },
  };
}

function onError(connection: PostgresConnection): (error: Error) => void {
  return (error) => connection.lose(error);
}

// pg says goodbye and waits for the server to hang up; one that hangs never does.
function destroySocket(client: pg.PoolClient): void {
  const { connection } = client as unknown as { readonly connection?: { readonly stream?: { destroy(): void } } };
  connection?.stream?.destroy();
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
