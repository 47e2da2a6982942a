// @ts-check
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { loadTemplate, saveTemplate } from './template.mjs';

/**
 * Where the database lives and how it gets its tables.
 *
 * @typedef {object} DatabaseOptions
 * @property {string} folder Private folder for data and socket. A database that is already there is opened as it is.
 * @property {string} template File with a migrated, empty database: copied if it is there, otherwise written.
 * @property {(connection: object) => Promise<void>} migrate Creates the tables; called only without a template.
 * @property {(line: string) => void} log
 */

/**
 * Opens an embedded PostgreSQL and serves it on a Unix socket inside `folder`, so that no database port is open.
 *
 * @param {DatabaseOptions} options
 * @returns {Promise<object>} What Unleash takes as its `db` option.
 */
export async function openDatabase({ folder, template, migrate, log }) {
  const data = join(folder, 'data');
  if (existsSync(join(data, 'PG_VERSION'))) return serve(await PGlite.create(data), folder);

  const tar = await loadTemplate(template, log);
  if (tar) return serve(await PGlite.create(data, { loadDataDir: new Blob([tar]) }), folder);

  log('creating the database of Unleash; later starts copy it');
  const db = await PGlite.create(data);
  const connection = await serve(db, folder);
  await migrate(connection);
  await db.exec('CHECKPOINT');
  const dump = await db.dumpDataDir('none');
  await saveTemplate(template, new Uint8Array(await dump.arrayBuffer()), log);
  return connection;
}

/**
 * @param {PGlite} db
 * @param {string} folder
 */
async function serve(db, folder) {
  const port = 5432;
  const path = join(folder, `.s.PGSQL.${port}`);
  await rm(path, { force: true });
  await new PGLiteSocketServer({ db, path, maxConnections: 20 }).start();
  return {
    host: folder,
    port,
    user: 'postgres',
    password: 'postgres',
    database: 'postgres',
    schema: 'public',
    driver: 'postgres',
    ssl: false,
    // PGlite has one session: with more connections unnamed prepared statements of one overwrite those of another.
    pool: { min: 0, max: 1 },
  };
}
