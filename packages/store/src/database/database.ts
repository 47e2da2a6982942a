import { Kysely } from 'kysely';
import { StoreError } from '../api/store-error.js';
import { type Chains, chainsOf } from '../log/chains.js';
import { type Connection, endsWithin, type Pool, withDeadline } from './connection.js';
import { isOutcomeUnknown, isWorthRepeating, storeError } from './driver-error.js';
import { kyselyDialect } from './kysely-dialect.js';
import { MYSQL } from './mysql/dialect.js';
import type { PoolSettings } from './pool.js';
import { numbered, POSTGRES } from './postgres/dialect.js';
import { takingTurns } from './semaphore.js';
import type { Settings } from './settings.js';
import type { Session, Sql } from './sql-dialect.js';

/** How often a transaction is tried that a deadlock, or another writer of the same new row, undid. */
const ATTEMPTS = 8;

/**
 * How many transactions of one process write at a time: one that commits, one that waits for the head, one that looks.
 * More only wait for the head of the log, in the database, and keep whoever holds it from going on.
 */
const WRITERS = 3;

/** Statements name their tables themselves; Kysely only has to say them right. */
export type AnyTables = Record<string, Record<string, unknown>>;

/** A database that is there, and what to say to it. */
export interface Database {
  readonly settings: Settings;
  readonly sql: Sql;
  readonly chains: Chains;
  /** Migrates, and builds statements. What it executes may create an embedded database. */
  readonly kysely: Kysely<AnyTables>;
  /** Holds one connection for some statements; checks first, until it was so once, that this version can read the tables. */
  session<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /**
   * Checks again, where schema or secret are not those of the last check, that this version can use the tables.
   *
   * @param state stands for the schema and the secret, as they were read now
   * @throws StoreError `schema_newer`, or `refused` for a secret that this process doesn't have
   */
  requireUsable(session: Session, state: string): Promise<void>;
  /** `work` gets what `look` saw, and ends by `sql.finish` or `rollback`. Where it throws, nothing was written. */
  transaction<S, T>(turn: string, steps: Steps<S, T>): Promise<T>;
  close(): Promise<void>;
}

/** The two halves of a transaction. */
interface Steps<S, T> {
  readonly look: (session: Session) => Promise<S>;
  readonly work: (session: Session, seen: S) => Promise<T>;
}

/** How long the embedded database may take to open its folder, in ms: it replays what a crash left. */
const OPENING_MS = 60_000;

/** Settings of a database, and how long a statement may take where that differs from {@link Settings.timeout}. */
export type DatabaseSettings = Settings & Pick<PoolSettings, 'statementTimeout'>;

/** @param check throws where this version can't use the tables */
export function openDatabase(
  settings: DatabaseSettings,
  check: (session: Session, chains: Chains) => Promise<void>,
): Database {
  const chains = chainsOf(settings);
  const { shown, engine } = settings.address;
  const family = engine === 'mysql' ? 'mysql' : 'postgres';
  const sql = family === 'mysql' ? MYSQL : POSTGRES;
  const { timeout } = settings;
  const pool = openedOnce(settings);
  const writers = takingTurns(WRITERS, timeout, () =>
    storeError('timeout', shown, `other writers of this process took longer than ${timeout} ms`),
  );
  let checked = false;
  let checkedState: string | undefined;
  let closing: Promise<void> | undefined;
  const session: Database['session'] = async (work) => {
    if (closing) throw new StoreError('refused', `${shown}: this store was closed; open another`);
    const opened = await pool.get(false);
    const connection = await opened.acquire();
    let failure: unknown;
    try {
      const held = sessionOf(connection, family, shown);
      if (!checked) await check(held, chains);
      checked = true;
      return await work(held);
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
    session,
    async requireUsable(held, state) {
      if (state === checkedState) return;
      checked = false;
      await check(held, chains);
      checked = true;
      checkedState = state;
    },
    async transaction(turn, steps) {
      await writers.take();
      try {
        return await repeated(() => session((held) => wholly(sql, held, turn, steps)));
      } finally {
        writers.pass();
      }
    },
    close() {
      closing ??= pool.close();
      return closing;
    },
  };
}

interface OpenedOnce {
  /** @param create whether an embedded database that doesn't exist is created */
  readonly get: (create: boolean) => Promise<Pool>;
  readonly close: () => Promise<void>;
}

/** Opens when it is first needed, and again after it could not be opened. */
function openedOnce(settings: DatabaseSettings): OpenedOnce {
  const { timeout, address } = settings;
  const limit = Math.max(timeout, OPENING_MS);
  const late = () => storeError('timeout', address.shown, `not open within ${limit} ms`);
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
      if (opening === undefined) return withDeadline(limit, start(create), late);
      const opened = await withDeadline(limit, create ? opening.catch(() => undefined) : opening, late);
      // A reader that found no database doesn't keep a migration from creating one.
      return opened ?? this.get(create);
    },
    async close() {
      const closing = opening?.then((pool) => pool.close());
      // What opens later is closed then.
      if (closing !== undefined) await endsWithin(timeout * 2, closing);
    },
  };
}

/** The driver is loaded when it is first needed: who uses one database doesn't load the others'. */
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

/** Statements over one connection; `?` becomes what the database wants. */
function sessionOf(connection: Connection, family: Sql['family'], shown: string): Session {
  const said = family === 'postgres' ? numbered : (text: string) => text;
  return {
    rows: async <R>(text: string, values: readonly unknown[] = []) =>
      (await connection.query(said(text), values)).rows as readonly R[],
    change: async (text, values = []) => (await connection.query(said(text), values)).changed,
    async commit() {
      const wasLost = connection.isLost;
      try {
        await connection.query('commit', []);
      } catch (error) {
        // On a connection that was lost before, it was never sent.
        if (wasLost || !isOutcomeUnknown(error, connection.isLost)) throw error;
        throw storeError('outcome_unknown', shown, 'COMMIT was sent and no answer came', error);
      }
    },
  };
}

async function wholly<S, T>(sql: Sql, session: Session, turn: string, { look, work }: Steps<S, T>): Promise<T> {
  try {
    return await work(session, await sql.begin(session, turn, () => look(session)));
  } catch (error) {
    await session.rows('rollback').catch(() => undefined);
    throw error;
  }
}

/** Repeats work that a deadlock, or another writer of the same new row, undid. */
export async function repeated<T>(work: () => Promise<T>): Promise<T> {
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
