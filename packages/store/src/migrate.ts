import { randomBytes } from 'node:crypto';
import { type Kysely, type Migration, Migrator, sql } from 'kysely';
import type { Settings } from './address.js';
import { adoptConsents, requireConsentTable } from './adopt-consents.js';
import { type Chain, chainOf } from './chain.js';
import { type AnyTables, type Database, openDatabase } from './database.js';
import { noControlLog, storeError, storeErrorOf } from './driver-error.js';
import { MYSQL_1, MYSQL_2, MYSQL_TRIGGERS_1 } from './schema-mysql.js';
import { POSTGRES_1, POSTGRES_2 } from './schema-postgres.js';
import type { Session } from './sql.js';
import { isStoreError, StoreError } from './store-error.js';

const TABLE = 'rampart_migration';
const LOCK_TABLE = 'rampart_migration_lock';
/** Others may be at it, and an adopted table may be long. In ms. */
const PATIENCE = 60_000;

/** Creates the tables or brings them up to this version. */
export async function migrate(database: Database): Promise<void> {
  const { settings } = database;
  // The embedded database has one connection, and its folder one owner: there is no opening it a second time.
  if (settings.address.engine === 'pglite') return migrateWith(database);
  const timeout = Math.max(settings.timeout, PATIENCE);
  const patient = openDatabase({ ...settings, timeout, connections: 2 }, () => Promise.resolve());
  try {
    await migrateWith(patient);
  } finally {
    await patient.close();
  }
}

async function migrateWith({ kysely: db, settings }: Database): Promise<void> {
  const migrations = migrationsOf(settings);
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(migrations) },
    migrationTableName: TABLE,
    migrationLockTableName: LOCK_TABLE,
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  // Kysely calls a migration that it doesn't know corrupted.
  const newer = /previously executed migration (\S+) is missing/.exec(error instanceof Error ? error.message : '')?.[1];
  if (newer !== undefined) throw storeError('schema_newer', settings.address.shown, `it has the migration ${newer}`);
  throw storeErrorOf(error, settings.address.shown);
}

/**
 * Whether this version can use the tables as they are, with this secret.
 *
 * @throws StoreError `schema_newer`, `schema_older`, or `refused` for another secret
 */
export async function requireSchema(session: Session, settings: Settings, chain: Chain): Promise<void> {
  const { shown } = settings.address;
  const known = Object.keys(migrationsOf(settings));
  const done = await migrationsDone(session, shown);
  const newer = done.find((name) => !known.includes(name));
  if (newer !== undefined) throw storeError('schema_newer', shown, `it has the migration ${newer}`);
  const missing = known.find((name) => !done.includes(name));
  if (missing !== undefined) throw storeError('schema_older', shown, `it lacks the migration ${missing}`);
  const [head] = await session.rows<{ key_check: string }>('select key_check from rampart_head where id = 1');
  if (head !== undefined && chain.accepts(head.key_check)) return;
  throw new StoreError('refused', `${shown}: its log was begun with another secret; give the one it was created with`);
}

async function migrationsDone(session: Session, shown: string): Promise<readonly string[]> {
  try {
    const rows = await session.rows<{ name: string }>(`select name from ${TABLE} order by name`);
    return rows.map(({ name }) => name);
  } catch (error) {
    if (!isStoreError(error) || error.kind !== 'schema_older') throw error;
    throw noControlLog(shown, 'this database has no control log of Rampart', error.cause);
  }
}

function migrationsOf(settings: Settings): Record<string, Migration> {
  const mysql = settings.address.engine === 'mysql';
  const up = mysql
    ? (db: Kysely<unknown>) => upMysql(db as Kysely<AnyTables>, settings)
    : (db: Kysely<unknown>) => upPostgres(db as Kysely<AnyTables>, settings);
  const events = mysql ? MYSQL_2 : POSTGRES_2;
  return {
    '0001_control_log': { up },
    '0002_events': { up: (db) => runAll(db as Kysely<AnyTables>, events) },
  };
}

async function upPostgres(db: Kysely<AnyTables>, settings: Settings): Promise<void> {
  await runAll(db, POSTGRES_1);
  await requireConsentTable(db, settings);
  await addHead(db, settings, 'insert into');
}

async function upMysql(db: Kysely<AnyTables>, settings: Settings): Promise<void> {
  await runAll(db, MYSQL_1);
  await requireConsentTable(db, settings);
  await addHead(db, settings, 'insert ignore into');
  // First the triggers, then the rows that are there: whatever is written meanwhile is in the log by either.
  await runAll(db, MYSQL_TRIGGERS_1);
  await adoptConsents(db, settings);
}

async function runAll(db: Kysely<AnyTables>, statements: readonly string[]): Promise<void> {
  for (const text of statements) await sql.raw(text).execute(db);
}

async function addHead(db: Kysely<AnyTables>, { secret }: Settings, verb: string): Promise<void> {
  const chain = chainOf(secret);
  const epoch = randomBytes(8).toString('hex');
  const values = sql.join([1, epoch, 0, 0, chain.genesis(epoch), chain.keyCheck()]);
  await sql`${sql.raw(verb)} rampart_head (id, epoch, position, sealed, mac, key_check) values (${values})`.execute(db);
}
