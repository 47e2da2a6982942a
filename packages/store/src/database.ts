import { CompiledQuery, Kysely } from 'kysely';
import type { Settings } from './address.js';
import { type Chain, chainOf } from './chain.js';
import type { Pool } from './connection.js';
import { isWorthRepeating, storeError } from './driver-error.js';
import { kyselyDialect } from './kysely-dialect.js';
import { MYSQL } from './mysql-sql.js';
import { numberedSession, POSTGRES } from './postgres-sql.js';
import type { Session, Sql } from './sql.js';
import { StoreError } from './store-error.js';

/** How often a transaction is tried that a deadlock, or another writer of the same new row, undid. */
const ATTEMPTS = 8;

/** Tables are spelt out in the statements; Kysely builds none that needs their types. */
type AnyTables = Record<string, Record<string, unknown>>;

/** A database that is there, and what to say to it. */
export interface Database {
  readonly settings: Settings;
  readonly sql: Sql;
  readonly chain: Chain;
  /** Holds one connection for some statements; checks first, once, that this version can read the tables. */
  session<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** The same without the check. */
  unchecked<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** `work` ends it by `sql.finish`, or by `rollback`; where it throws, nothing was written. */
  transaction<T>(turn: string, work: (session: Session) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Kysely over the right driver, which is loaded when it is first needed. */
export function kyselyOf(settings: Settings): Kysely<AnyTables> {
  const { engine } = settings.address;
  return new Kysely({ dialect: kyselyDialect(engine === 'mysql' ? 'mysql' : 'postgres', () => openPool(settings)) });
}

export function databaseOf(
  settings: Settings,
  db: Kysely<AnyTables>,
  check: (session: Session) => Promise<void>,
): Database {
  const { shown } = settings.address;
  const sql = settings.address.engine === 'mysql' ? MYSQL : POSTGRES;
  let checked = false;
  let closing: Promise<void> | undefined;
  const unchecked = <T>(work: (session: Session) => Promise<T>): Promise<T> => {
    if (closing) return Promise.reject(new StoreError('refused', `${shown}: this store was closed; open another`));
    return db.connection().execute((connection) => {
      const plain = sessionOf(connection);
      return work(sql.family === 'mysql' ? plain : numberedSession(plain));
    });
  };
  const session: Database['session'] = (work) =>
    unchecked(async (held) => {
      if (!checked) await check(held);
      checked = true;
      return work(held);
    });
  return {
    settings,
    sql,
    chain: chainOf(settings.secret),
    session,
    unchecked,
    transaction: (turn, work) => repeated(() => session((held) => undone(sql, held, turn, work))),
    close() {
      closing ??= db.destroy();
      return closing;
    },
  };
}

async function openPool(settings: Settings): Promise<Pool> {
  switch (settings.address.engine) {
    case 'postgres':
      return (await import('./postgres-pool.js')).postgresPool(settings);
    case 'mysql':
      return (await import('./mysql-pool.js')).mysqlPool(settings);
    case 'pglite':
      return (await import('./pglite-pool.js')).pglitePool(settings);
  }
}

/** Statements over one connection of Kysely's. */
export function sessionOf(connection: Kysely<AnyTables>): Session {
  const run = <R>(text: string, values: readonly unknown[] = []) =>
    connection.executeQuery<R>(CompiledQuery.raw(text, [...values]));
  return {
    rows: async <R>(text: string, values?: readonly unknown[]) => (await run<R>(text, values)).rows,
    change: async (text, values) => Number((await run(text, values)).numAffectedRows ?? 0),
  };
}

async function undone<T>(sql: Sql, session: Session, turn: string, work: (session: Session) => Promise<T>): Promise<T> {
  try {
    await sql.begin(session, turn);
    return await work(session);
  } catch (error) {
    await session.rows('rollback').catch(() => undefined);
    throw error;
  }
}

async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !isWorthRepeating(error)) throw error;
    }
  }
}

const NO = new Set<unknown>([0, '0', 'OFF']);

/** @throws StoreError `replica` */
export function requirePrimary(replica: unknown, { settings }: Database): void {
  if (!NO.has(replica)) throw storeError('replica', settings.address.shown, 'this is a replica, or read-only');
}
