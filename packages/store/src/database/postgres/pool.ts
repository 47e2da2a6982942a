import pg from 'pg';
import type { Pool, QueryResult } from '../connection.js';
import { type DriverConnection, openPool, type PoolSettings } from '../pool.js';

/** Limits of prepared statements: their number per connection, and the number of values of each. */
const MAX_PREPARED_STATEMENTS = 100;
const MAX_PREPARED_VALUES = 50;

/** Session settings by name. */
type SessionSettings = Readonly<Record<string, string>>;

/**
 * A connection to PostgreSQL, or to a pooler in front of it. Behind a pooler in transaction mode each transaction may run in another
 * session, so each writing transaction sets the settings, and no statement is prepared by name.
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
    // PgBouncer and similar poolers return their own process ids.
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
    // Sent together; a failed statement turns the commit into a rollback.
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
    // Several statements return a list of results.
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
      // Sends statements without waiting for the answers to earlier ones.
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
 * Set by SQL, because PgBouncer refuses them as startup parameters.
 *
 * A cached plan made for a small table must not scan it when it has grown: every statement has an index, so sequential scans are off. Full
 * scans then look so expensive that the planner would compile them for half a second, so JIT is off too.
 */
function toSessionSettings({ timeoutMs, statementTimeoutMs = timeoutMs }: PoolSettings): SessionSettings {
  return {
    // Slightly earlier than the client's timeout, so that a wait for a lock doesn't cost the connection.
    statement_timeout: `'${Math.max(1, Math.floor(statementTimeoutMs * 0.95))}'`,
    // A paused writer must not lock the head of the log forever.
    idle_in_transaction_session_timeout: `'${statementTimeoutMs * 2}'`,
    jit: "'off'",
    enable_seqscan: "'off'",
    plan_cache_mode: "'force_generic_plan'",
    // An acknowledged commit must be on disk. Stricter settings, which also wait for replicas, are kept.
    synchronous_commit: `case when current_setting('synchronous_commit') in ('off', 'local') then 'on'
      else current_setting('synchronous_commit') end`,
  };
}

/** Expressions that apply the settings to the transaction or to the session. */
function setConfigExpressions(settings: SessionSettings, isLocal: boolean): readonly string[] {
  return Object.entries(settings).map(([name, value]) => `set_config('${name}', ${value}, ${isLocal})`);
}

/** Assigns a short name to each statement; undefined above the limit. */
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
