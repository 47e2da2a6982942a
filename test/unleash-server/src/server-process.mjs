// @ts-check
// The process that runs Unleash: its own, because Unleash changes process-wide state and tests must be able to kill it.
import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDatabase } from './database.mjs';

/** @typedef {import('./protocol.js').Settings} Settings */
/** @typedef {import('./protocol.js').Report} Report */

/** @param {Report} report */
const tell = (report) => process.send?.(report);

/** @param {string} line */
const log = (line) => tell({ kind: 'log', line });

/** @param {unknown} error */
const fail = (error) => {
  tell({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
};

process.once('message', (message) => {
  const settings = /** @type {Settings} */ (message);
  // The data is a throw-away copy: leaving means removing it, at once and without waiting for anyone.
  const leave = () => {
    rmSync(settings.folder, { recursive: true, force: true });
    process.exit(0);
  };
  process.once('disconnect', leave);
  process.once('SIGTERM', leave);
  process.once('SIGINT', leave);
  run(settings).catch(fail);
});

/** @param {Settings} settings */
async function run(settings) {
  const server = createServer();
  const port = await listen(server, settings.port);
  const unleash = await import(settings.package);
  const db = await openDatabase({
    folder: settings.folder,
    template: await templateFile(settings.package),
    migrate: (connection) => unleash.migrateDb({ db: connection }),
    log,
  });
  // Unleash's migrator leaves the text "undefined" here.
  delete process.env['DATABASE_URL'];
  const { app } = await unleash.create(unleashOptions(settings, port, { ...db, disableMigration: true }));
  server.removeListener('connection', refuse);
  server.on('request', app);
  tell({ kind: 'ready', port });
}

/**
 * Takes the port at the start, so that nobody else can, and refuses connections until there is an answer.
 *
 * @param {import('node:http').Server} server
 * @param {number} port
 * @returns {Promise<number>}
 */
function listen(server, port) {
  server.on('connection', refuse);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

/** @param {import('node:net').Socket} socket */
function refuse(socket) {
  socket.destroy();
}

/**
 * @param {Settings} settings
 * @param {number} port
 * @param {object} db
 */
function unleashOptions({ tokens, user, secret }, port, db) {
  const many = 100_000;
  return {
    db,
    getLogger,
    server: { secret, unleashUrl: `http://127.0.0.1:${port}`, host: '127.0.0.1', port },
    authentication: {
      initialAdminUser: user,
      initApiTokens: tokens.map((token) => ({ ...token, projects: ['*'] })),
    },
    versionCheck: { enable: false },
    // Webhooks to a receiver on this machine; Unleash 7 has no such option and always allows them.
    allowPrivateUrlInIntegration: true,
    rateLimiting: { simpleLoginMaxPerMinute: many, createUserMaxPerMinute: many, searchFeaturesMaxPerMinute: many },
  };
}

/** @param {string} name */
function getLogger(name) {
  const ignore = () => {};
  /** @param {...unknown} words */
  const write = (...words) => log(`unleash ${name}: ${words.map(String).join(' ')}`);
  return { debug: ignore, info: ignore, warn: write, error: write, fatal: write };
}

/**
 * One template for every pair of Unleash and PGlite, as neither promises to read what another version wrote.
 *
 * @param {string} serverPackage
 */
async function templateFile(serverPackage) {
  const server = await describePackage(serverPackage);
  const pglite = await describePackage('@electric-sql/pglite');
  return join(dirname(server.folder), '.cache', 'rampart-unleash', `${server.version}-${pglite.version}.tar.gz`);
}

/**
 * @param {string} name
 * @returns {Promise<{ folder: string, version: string }>}
 */
async function describePackage(name) {
  const marker = join('node_modules', name);
  const entry = fileURLToPath(import.meta.resolve(name));
  const folder = entry.slice(0, entry.lastIndexOf(marker) + marker.length);
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  return { folder, version };
}
