import { type Compilable, Kysely } from 'kysely';
import { isStoreError, OutcomeUnknownError, StoreError } from '../api/store-error.js';
import { createChains, type Keyring } from '../log/chains.js';
import type { Tables } from '../schema/tables.js';
import { type Connection, type Pool, settlesWithin, withDeadline } from './connection.js';
import { createStoreError, isOutcomeUnknown, isRetryable } from './driver-error.js';
import { kyselyDialect } from './kysely-dialect.js';
import { MYSQL } from './mysql/dialect.js';
import type { PoolSettings } from './pool.js';
import { POSTGRES, toNumberedPlaceholders } from './postgres/dialect.js';
import { createSemaphore } from './semaphore.js';
import type { Settings } from './settings.js';
import type { LogWriter, Session, SignedRow, Sql, SqlDialect } from './sql-dialect.js';

/** Attempts per transaction after deadlocks and concurrent inserts of the same row. */
const MAX_ATTEMPTS = 8;

/**
 * Concurrent writing transactions per process: one commits, one waits for the head of the log, one reads. More would only wait for the
 * head in the database and slow down the one that has it.
 */
const MAX_CONCURRENT_TRANSACTIONS = 3;

/** An open database and its SQL dialect. */
export interface Database {
  readonly settings: Settings;
  readonly sql: Sql;
  readonly chains: Keyring;
  /** Migrates and builds statements. Executing with it may create an embedded database. */
  readonly kysely: Kysely<Tables>;
  /** Runs statements over one connection. The first session checks that this version can use the tables. */
  session<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /**
   * Checks that this version can use the tables, if schema or secret have changed since the last check.
   *
   * @param state identifies the current schema and secret
   * @throws StoreError `schema_newer`, or `refused` for a secret that this process doesn't have
   */
  requireUsable(session: Session, state: string): Promise<void>;
  /**
   * Runs one transaction at a time per lock key, and repeats it after a deadlock or a concurrent insert of the same row.
   *
   * @throws OutcomeUnknownError with the id of the first appended entry if no answer to the commit arrives
   */
  transaction<S, T>(lockKey: string, steps: TransactionSteps<S, T>): Promise<T>;
  close(): Promise<void>;
}

/** The steps of a transaction, which alone commits or rolls back. */
export interface TransactionSteps<S, T> {
  /** Reads what the write depends on. Sees everything that the previous transaction of the lock key wrote. */
  readonly read: (session: Session) => Promise<S>;
  readonly write: (session: Session, current: S) => Promise<TransactionEnd<T>>;
}

/** How a transaction ends: rolled back, or with signed entries appended and everything committed. */
export type TransactionEnd<T> =
  | { readonly rollback: T }
  | { readonly append: readonly SignedRow[]; readonly commit: T };

/** Timeout for opening an embedded database in ms: after a crash it replays its log. */
const OPEN_TIMEOUT_MS = 60_000;

/** Settings, and a timeout of statements that differs from {@link Settings.timeoutMs}. */
export type DatabaseSettings = Settings & Pick<PoolSettings, 'statementTimeoutMs'>;

/** @param check rejects if this version can't use the tables */
export function openDatabase(
  settings: DatabaseSettings,
  check: (session: Session, chains: Keyring) => Promise<void>,
): Database {
  const chains = createChains(settings);
  const { redactedUrl, engine } = settings.address;
  const family = engine === 'mysql' ? 'mysql' : 'postgres';
  const sql = family === 'mysql' ? MYSQL : POSTGRES;
  const { timeoutMs } = settings;
  const pool = lazyPool(settings);
  const transactionSlots = createSemaphore(MAX_CONCURRENT_TRANSACTIONS, timeoutMs, () =>
    createStoreError('timeout', redactedUrl, `other writers of this process took longer than ${timeoutMs} ms`),
  );
  let checked = false;
  let checkedState: string | undefined;
  let closing: Promise<void> | undefined;
  const withSession: Database['session'] = async (work) => {
    if (closing) throw new StoreError('refused', `${redactedUrl}: this store was closed; open another`);
    const opened = await pool.get(false);
    const connection = await opened.acquire();
    let failure: unknown;
    try {
      const session = createSession(connection, family, redactedUrl);
      if (!checked) await check(session, chains);
      checked = true;
      return await work(session);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      opened.release(connection, failure);
    }
  };
  return {
    settings,
    sql,
    chains,
    kysely: new Kysely({ dialect: kyselyDialect(family, () => pool.get(true)) }),
    session: withSession,
    async requireUsable(session, state) {
      if (state === checkedState) return;
      checked = false;
      await check(session, chains);
      checked = true;
      checkedState = state;
    },
    async transaction(lockKey, steps) {
      await transactionSlots.acquire();
      try {
        return await retryOnConflict(() => withSession((session) => runTransaction(sql, session, lockKey, steps)));
      } finally {
        transactionSlots.release();
      }
    },
    close() {
      closing ??= pool.close();
      return closing;
    },
  };
}

interface LazyPool {
  /** @param create whether to create a missing embedded database */
  readonly get: (create: boolean) => Promise<Pool>;
  readonly close: () => Promise<void>;
}

/** Opens the pool at the first use, and again after a failure. */
function lazyPool(settings: DatabaseSettings): LazyPool {
  const { timeoutMs, address } = settings;
  const limit = Math.max(timeoutMs, OPEN_TIMEOUT_MS);
  const timeoutError = () => createStoreError('timeout', address.redactedUrl, `not open within ${limit} ms`);
  let opening: Promise<Pool> | undefined;
  const start = (create: boolean): Promise<Pool> => {
    const started = openPool(settings, create).catch((error: unknown) => {
      if (opening === started) opening = undefined;
      throw error;
    });
    opening = started;
    return started;
  };
  return {
    async get(create) {
      if (opening === undefined) return withDeadline(limit, start(create), timeoutError);
      const opened = await withDeadline(limit, create ? opening.catch(() => undefined) : opening, timeoutError);
      // A failed read without a database must not prevent a migration from creating one.
      return opened ?? this.get(create);
    },
    async close() {
      const closing = opening?.then((pool) => pool.close());
      // A pool that opens later is closed then.
      if (closing !== undefined) await settlesWithin(timeoutMs * 2, closing);
    },
  };
}

/** Loads only the driver that is used. */
async function openPool(settings: DatabaseSettings, create: boolean): Promise<Pool> {
  switch (settings.address.engine) {
    case 'postgres':
      return (await import('./postgres/pool.js')).postgresPool(settings);
    case 'mysql':
      return (await import('./mysql/pool.js')).mysqlPool(settings);
    case 'pglite':
      return (await import('./pglite/pool.js')).pglitePool(settings, { create });
  }
}

/** Runs statements over one connection; converts `?` to the placeholders of the database. */
function createSession(connection: Connection, family: SqlDialect['family'], redactedUrl: string): Session {
  const toDriverText = family === 'postgres' ? toNumberedPlaceholders : (text: string) => text;
  return {
    rows: async <R>(text: string, values: readonly unknown[] = []) =>
      (await connection.query(toDriverText(text), values)).rows as readonly R[],
    run: async <R>(query: Compilable<R>) => {
      const { sql, parameters } = query.compile();
      return (await connection.query(sql, parameters)).rows as readonly R[];
    },
    execute: async (text, values = []) => (await connection.query(toDriverText(text), values)).affectedRows,
    async commit() {
      const wasLost = connection.isLost;
      try {
        await connection.query('commit', []);
      } catch (error) {
        // Over a connection that was lost before, the commit was never sent.
        if (wasLost || !isOutcomeUnknown(error, connection.isLost)) throw error;
        throw createStoreError('outcome_unknown', redactedUrl, 'COMMIT was sent and no answer came', error);
      }
    },
  };
}

/** Runs one transaction over an open session. An error rolls it back. */
export async function runTransaction<S, T>(
  sql: LogWriter,
  session: Session,
  lockKey: string,
  { read, write }: TransactionSteps<S, T>,
): Promise<T> {
  try {
    const end = await write(session, await sql.beginLocked(session, lockKey, () => read(session)));
    if ('rollback' in end) {
      await session.rows('rollback');
      return end.rollback;
    }
    await commitAppended(sql, session, end.append);
    return end.commit;
  } catch (error) {
    await session.rows('rollback').catch(() => undefined);
    throw error;
  }
}

async function commitAppended(sql: LogWriter, session: Session, rows: readonly SignedRow[]): Promise<void> {
  const [first] = rows;
  if (first === undefined) return session.commit();
  try {
    await sql.appendAndCommit(session, rows);
  } catch (error) {
    throw isStoreError(error) && error.kind === 'outcome_unknown' ? new OutcomeUnknownError(first.id, error) : error;
  }
}

/** Repeats work after a deadlock or a concurrent insert of the same row. */
export async function retryOnConflict<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !isRetryable(error)) throw error;
    }
  }
}

const FALSE_VALUES = new Set<unknown>([0, '0', 'OFF']);

/** @throws StoreError `replica` */
export function requirePrimary(replica: unknown, { settings }: Database): void {
  if (!FALSE_VALUES.has(replica))
    throw createStoreError('replica', settings.address.redactedUrl, 'this is a replica, or read-only');
}
