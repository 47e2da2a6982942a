import { randomBytes } from 'node:crypto';
import { type Kysely, type Migration, Migrator, sql } from 'kysely';
import type { ConsentRepair } from '../api/control-store.js';
import { isStoreError } from '../api/store-error.js';
import { type Database, openDatabase } from '../database/database.js';
import { createStoreError, missingLogError, toStoreError } from '../database/driver-error.js';
import type { Settings } from '../database/settings.js';
import type { Session } from '../database/sql-dialect.js';
import { createChains, type Keyring } from '../log/chains.js';
import { requireSecret } from '../log/require-secret.js';
import { repairConsents, requireConsentTable } from './adopt-consents.js';
import { consentTableProblems } from './consent-table.js';
import { findUnwatched } from './consent-watch.js';
import { MYSQL_1, MYSQL_2, MYSQL_3, MYSQL_3_PRESENT, MYSQL_4, MYSQL_TRIGGERS_1 } from './mysql.js';
import { POSTGRES_1, POSTGRES_2, POSTGRES_4 } from './postgres.js';
import type { Tables } from './tables.js';

/**
 * Number of the newest migration of this version, on any database. Processes from schema version NNNN on can work with a migration whose name
 * ends in `_works_with_NNNN`: a rolling deploy migrates first, while older processes go on. Any other migration closes older processes.
 */
export const SCHEMA_VERSION = 4;

const TABLE = 'rampart_migration';
const LOCK_TABLE = 'rampart_migration_lock';
/** Timeout of a statement in ms: another process may be migrating, and an adopted table may be large. */
const MIGRATION_TIMEOUT_MS = 60_000;

/**
 * Problems that prevent the adoption of `tenant_ai_consents`, and changes since its adoption that no trigger noticed. Changes nothing, and
 * works before a migration. MySQL and MariaDB only.
 */
export async function findConsentProblems({ settings }: Database): Promise<readonly string[]> {
  if (settings.address.engine !== 'mysql') return [];
  const unchecked = openDatabase({ ...settings, maxConnections: 1 }, () => Promise.resolve());
  try {
    return await unchecked.session(async (session) => {
      const problems = await consentTableProblems(session);
      const [watched] = await session.rows(
        "select 1 from information_schema.tables where table_schema = database() and table_name = 'rampart_consent_watch'",
      );
      const unseen = watched === undefined || problems.length > 0 ? undefined : await findUnwatched(session);
      return unseen === undefined ? problems : [...problems, unseen];
    });
  } finally {
    await unchecked.close();
  }
}

/**
 * Creates the tables or brings them up to this version.
 *
 * @param timeoutMs timeout of one statement, and of the lock of migrations
 */
export async function migrate(database: Database, timeoutMs: number = MIGRATION_TIMEOUT_MS): Promise<ConsentRepair> {
  const { settings } = database;
  // The embedded database has one connection and its folder one owner, so it can't be opened a second time.
  if (settings.address.engine === 'pglite') return migrateWith(database);
  const statementTimeoutMs = Math.max(settings.timeoutMs, timeoutMs);
  const slowDatabase = openDatabase({ ...settings, statementTimeoutMs, maxConnections: 2 }, () => Promise.resolve());
  try {
    return await migrateWith(slowDatabase);
  } finally {
    await slowDatabase.close();
  }
}

async function migrateWith({ kysely: db, settings }: Database): Promise<ConsentRepair> {
  // Checked before anything is created.
  if (settings.address.engine === 'mysql') await withStoreErrors(settings, requireConsentTable(db, settings));
  const migrations = { ...(await newerMigrations(db)), ...migrationsOf(settings) };
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(migrations) },
    migrationTableName: TABLE,
    migrationLockTableName: LOCK_TABLE,
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) {
    if (settings.address.engine !== 'mysql') return { recorded: 0, restored: 0 };
    return withStoreErrors(settings, repairConsents(db, settings));
  }
  // Kysely reports unknown migrations as corrupted.
  const newer = /previously executed migration (\S+) is missing/.exec(error instanceof Error ? error.message : '')?.[1];
  if (newer !== undefined)
    throw createStoreError('schema_newer', settings.address.redactedUrl, `it has the migration ${newer}`);
  throw toStoreError(error, settings.address.redactedUrl);
}

/** Migrations of newer compatible versions: Kysely needs their names. */
async function newerMigrations(db: Kysely<Tables>): Promise<Record<string, Migration>> {
  // Without the table there are none. Any other failure repeats in the migration.
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(TABLE)}`
    .execute(db)
    .catch(() => ({ rows: [] }));
  return Object.fromEntries(
    rows.filter(({ name }) => isCompatible(name)).map(({ name }) => [name, { up: async () => {} }]),
  );
}

/** Whether this version can work with an unknown migration. */
function isCompatible(name: string): boolean {
  const [, oldest] = /_works_with_(\d{4})$/.exec(name) ?? [];
  return oldest !== undefined && Number(oldest) <= SCHEMA_VERSION;
}

/** Converts errors of the driver to StoreErrors. */
function withStoreErrors<T>({ address }: Settings, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw toStoreError(error, address.redactedUrl);
  });
}

/**
 * Requires that this version can use the tables with this secret.
 *
 * @throws StoreError `schema_newer`, `schema_older`, or `refused` for a log with a secret that this process doesn't have
 */
export async function requireSchema(session: Session, settings: Settings, chains: Keyring): Promise<void> {
  const { redactedUrl } = settings.address;
  const expected = Object.keys(migrationsOf(settings));
  const done = await appliedMigrations(session, redactedUrl);
  const newer = done.find((name) => !expected.includes(name) && !isCompatible(name));
  if (newer !== undefined) throw createStoreError('schema_newer', redactedUrl, `it has the migration ${newer}`);
  const missing = expected.find((name) => !done.includes(name));
  if (missing !== undefined) throw createStoreError('schema_older', redactedUrl, `it lacks the migration ${missing}`);
  await requireSecret(session, chains);
}

async function appliedMigrations(session: Session, redactedUrl: string): Promise<readonly string[]> {
  try {
    const rows = await session.rows<{ name: string }>(`select name from ${TABLE} order by name`);
    return rows.map(({ name }) => name);
  } catch (error) {
    if (!isStoreError(error) || error.kind !== 'schema_older') throw error;
    throw missingLogError(redactedUrl, 'this database has no control log of Rampart', error.cause);
  }
}

/** All migrations of this version, by name. */
export function migrationsOf(settings: Settings): Record<string, Migration> {
  const mysql = settings.address.engine === 'mysql';
  const up = mysql ? (db: Kysely<Tables>) => upMysql(db, settings) : (db: Kysely<Tables>) => upPostgres(db, settings);
  const events = mysql ? MYSQL_2 : POSTGRES_2;
  return {
    '0001_control_log': { up },
    '0002_events': { up: (db) => runAll(db, events) },
    ...(mysql && {
      '0003_consent_watch': { up: watchMysql },
    }),
    '0004_exposures_works_with_0003': { up: (db) => indexExposures(db, mysql) },
  };
}

async function upPostgres(db: Kysely<Tables>, settings: Settings): Promise<void> {
  await runAll(db, POSTGRES_1);
  await requireConsentTable(db, settings);
  await addHead(db, settings, 'insert into');
}

async function upMysql(db: Kysely<Tables>, settings: Settings): Promise<void> {
  await runAll(db, MYSQL_1);
  await addHead(db, settings, 'insert ignore into');
  await runAll(db, MYSQL_TRIGGERS_1);
}

// Every migration ends with a repair of the consents, and AI stays closed before it.
async function watchMysql(db: Kysely<Tables>): Promise<void> {
  await runAll(db, MYSQL_3);
  const { rows } = await sql`select 1 from information_schema.columns where table_schema = database()
    and table_name = 'rampart_consent_terms' and column_name = 'present_since'`.execute(db);
  if (rows.length === 0) await runAll(db, MYSQL_3_PRESENT);
}

// MySQL commits each DDL statement: an interrupted migration may have added the index.
async function indexExposures(db: Kysely<Tables>, mysql: boolean): Promise<void> {
  if (!mysql) return runAll(db, POSTGRES_4);
  const { rows } = await sql`select 1 from information_schema.statistics where table_schema = database()
    and table_name = 'rampart_event' and index_name = 'rampart_event_change'`.execute(db);
  if (rows.length === 0) await runAll(db, MYSQL_4);
}

async function runAll(db: Kysely<Tables>, statements: readonly string[]): Promise<void> {
  for (const text of statements) await sql.raw(text).execute(db);
}

async function addHead(db: Kysely<Tables>, settings: Settings, verb: string): Promise<void> {
  const { own } = createChains(settings);
  const epoch = randomBytes(8).toString('hex');
  const values = sql.join([1, epoch, 0, 0, own.genesis(epoch), own.keyCheck()]);
  await sql`${sql.raw(verb)} rampart_head (id, epoch, position, sealed, mac, key_check) values (${values})`.execute(db);
}
