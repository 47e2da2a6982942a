import pg from 'pg';
import type { Pool, QueryResult } from '../connection.js';
import { type DriverConnection, openPool, type PoolSettings } from '../pool.js';

/** How many different statements are kept prepared on a connection, and how long a list of values they may have. */
const MAX_PREPARED_STATEMENTS = 100;
const MAX_PREPARED_VALUES = 50;

/** Names and values of the settings that a session needs. */
type SessionSettings = Readonly<Record<string, string>>;

/**
 * A connection to PostgreSQL, or to a pooler before it. Behind a pooler in transaction mode each transaction may run in
 * another session: so behind any pooler, settings are set in each writing transaction, and no statement is prepared by name.
 */
class PostgresConnection implements DriverConnection {
  readonly #client: pg.Client;
  readonly #settings: SessionSettings;
  readonly #nameOf: (text: string) => string | undefined;
  #isPooled = false;
  #isInTransaction = false;

  constructor(client: pg.Client, settings: SessionSettings, statementName: (text: string) => string | undefined) {
    this.#client = client;
    this.#settings = settings;
    this.#nameOf = statementName;
  }

  async open(): Promise<void> {
    await this.#client.connect();
    const { processID } = this.#client as unknown as { readonly processID: number | null };
    // PgBouncer and its kind give their clients process ids of their own.
    const isDirect = `pg_backend_pid() = ${Number(processID)}`;
    const { rows } = await this.#client.query<{ direct: boolean }>(
      `select ${isDirect} as direct, case when ${isDirect} then ${setConfigExpressions(this.#settings, false).join(' || ')} end`,
    );
    this.#isPooled = rows[0]?.direct !== true;
  }

  async query(text: string, values: readonly unknown[]): Promise<QueryResult> {
    if (!this.#isPooled) return this.#run(text, values, this.#nameOf(text));
    if (/^begin\b/i.test(text)) {
      this.#isInTransaction = true;
      return this.#run(
        text.replace(/^begin\b[^;]*/i, (begin) => this.#begin(begin)),
        values,
      );
    }
    if (/^(?:commit|rollback)\b/i.test(text)) this.#isInTransaction = false;
    if (this.#isInTransaction || !/^\s*(?:insert|update|delete)\b/i.test(text)) return this.#run(text, values);
    // Sent together; a statement that fails makes the commit a rollback.
    const [, result] = await Promise.all([this.#run(this.#begin()), this.#run(text, values), this.#run('commit')]);
    return result;
  }

  #begin(begin = 'begin'): string {
    return `${begin}; select ${setConfigExpressions(this.#settings, true).join(', ')}`;
  }

  async #run(text: string, values: readonly unknown[] = [], name?: string): Promise<QueryResult> {
    const isPrepared = name !== undefined && values.length > 0 && values.length <= MAX_PREPARED_VALUES;
    const result = await this.#client.query({
      text,
      ...(values.length > 0 && { values: [...values] }),
      ...(isPrepared && { name }),
    });
    // Several statements have several results.
    const last = Array.isArray(result) ? (result as pg.QueryResult[]).at(-1) : result;
    return { rows: last?.rows ?? [], affectedRows: last?.rowCount ?? 0 };
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
  const statementName = createStatementNames();
  const sessionSettings = toSessionSettings(settings);
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
    return new PostgresConnection(client, sessionSettings, statementName);
  });
}

/**
 * They are set by SQL, since PgBouncer refuses them as startup parameters.
 *
 * A plan made while a table was small is kept, and must not read all of it later: every statement has its index. Where a
 * whole table is meant, that looks so dear to the planner that it would compile for half a second.
 */
function toSessionSettings({ timeoutMs, statementTimeoutMs = timeoutMs }: PoolSettings): SessionSettings {
  return {
    // A little earlier than our own deadline, so that a wait for a lock doesn't cost the connection.
    statement_timeout: `'${Math.max(1, Math.floor(statementTimeoutMs * 0.95))}'`,
    // A writer that is stopped must not keep the head of the log for ever.
    idle_in_transaction_session_timeout: `'${statementTimeoutMs * 2}'`,
    jit: "'off'",
    enable_seqscan: "'off'",
    plan_cache_mode: "'force_generic_plan'",
    // A commit that is acknowledged has to be on disk; a server that waits for its replicas too may go on doing so.
    synchronous_commit: `case when current_setting('synchronous_commit') in ('off', 'local') then 'on'
      else current_setting('synchronous_commit') end`,
  };
}

/** Expressions that make the settings, for the transaction or for the session. */
function setConfigExpressions(settings: SessionSettings, isLocal: boolean): readonly string[] {
  return Object.entries(settings).map(([name, value]) => `set_config('${name}', ${value}, ${isLocal})`);
}

/** A short name for a text, the same each time; undefined when there are many already. */
function createStatementNames(): (text: string) => string | undefined {
  const names = new Map<string, string>();
  return (text) => {
    const existing = names.get(text);
    if (existing !== undefined || names.size >= MAX_PREPARED_STATEMENTS) return existing;
    const name = `rampart_${names.size}`;
    names.set(text, name);
    return name;
  };
}
