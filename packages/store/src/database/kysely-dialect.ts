import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
} from 'kysely';
import type { Connection, Pool } from './connection.js';

/**
 * Kysely over the store's pool. Kysely's own drivers return a connection to the pool after a timeout while its answer is still pending,
 * and PGlite has no driver.
 */
export function kyselyDialect(family: 'postgres' | 'mysql', open: () => Promise<Pool>): Dialect {
  const createDriver = () => poolDriver(open);
  if (family === 'mysql') {
    return {
      createDriver,
      createAdapter: () => new MysqlAdapter(),
      createQueryCompiler: () => new MysqlQueryCompiler(),
      createIntrospector: (db) => new MysqlIntrospector(db),
    };
  }
  return {
    createDriver,
    createAdapter: () => new TransactionLockAdapter(),
    createQueryCompiler: () => new PostgresQueryCompiler(),
    createIntrospector: (db) => new PostgresIntrospector(db),
  };
}

/** Id of Kysely's own lock, so that older versions wait for it too. */
const MIGRATION_LOCK_ID = '3853314791062309107';

/**
 * Locks migrations for the transaction instead of the session: behind a pooler in transaction mode a session lock would stay with a
 * connection of the pooler. Kysely's own `begin` then has no effect, and its `commit` ends both.
 */
class TransactionLockAdapter extends PostgresAdapter {
  override async acquireMigrationLock(db: Kysely<unknown>): Promise<void> {
    await db.executeQuery(CompiledQuery.raw('begin'));
    await db.executeQuery(CompiledQuery.raw(`select pg_advisory_xact_lock(${MIGRATION_LOCK_ID})`));
  }

  override async releaseMigrationLock(db: Kysely<unknown>): Promise<void> {
    await db.executeQuery(CompiledQuery.raw('rollback'));
  }
}

interface PooledKyselyConnection extends DatabaseConnection {
  readonly pooled: Connection;
}

function poolDriver(open: () => Promise<Pool>): Driver {
  const run = async (connection: DatabaseConnection, text: string): Promise<void> => {
    await connection.executeQuery(CompiledQuery.raw(text));
  };
  return {
    // Kysely never repeats a failed init, and the database may come up later.
    init: () => Promise.resolve(),
    acquireConnection: async () => toKyselyConnection(await (await open()).acquire()),
    beginTransaction: (connection) => run(connection, 'begin'),
    commitTransaction: (connection) => run(connection, 'commit'),
    rollbackTransaction: (connection) => run(connection, 'rollback'),
    releaseConnection: async (connection) => (await open()).release((connection as PooledKyselyConnection).pooled),
    // The store closes the pool.
    destroy: () => Promise.resolve(),
  };
}

function toKyselyConnection(pooled: Connection): PooledKyselyConnection {
  return {
    pooled,
    // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- Kysely's signature
    async executeQuery<R>({ sql, parameters }: CompiledQuery) {
      const { rows, affectedRows } = await pooled.query(sql, parameters);
      return { rows: rows as R[], numAffectedRows: BigInt(affectedRows) };
    },
    streamQuery() {
      throw new Error('streaming is not supported: read pages');
    },
  };
}
