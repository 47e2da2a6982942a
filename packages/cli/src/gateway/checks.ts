import { access, constants, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { checkBackup, type GatewayConfiguration } from '@rampart/gateway';
import { createControl } from '@rampart/sdk';
import { isStoreError, proxyFetch } from '@rampart/sdk/operator';
import { messageOf } from '../failure.js';
import { concerns } from './problems.js';

/** What was tried, and what came of it. */
export interface CheckResult {
  readonly what: string;
  readonly ok: boolean;
  readonly found: string;
  /** The gateway starts, and lacks something that `found` names. */
  readonly isWarning?: boolean | undefined;
  /** Not tried, since a setting that it needs can't be used. */
  readonly isSkipped?: boolean | undefined;
}

const TIMEOUT = 5_000;
/** A first connection to a database that is busy, or far away, takes longer than one of a service that keeps its connections. */
const DATABASE_TIMEOUT_MS = 10_000;

interface Try {
  readonly what: string;
  /** Dotted names of the settings that it needs. */
  readonly needs: readonly string[];
  readonly work: () => Promise<string | Pick<CheckResult, 'isWarning' | 'found'>>;
}

/**
 * Tries everything that a gateway needs, at once, except for what needs one of the settings that can't be used. Changes nothing.
 */
export function checkGateway(
  configuration: GatewayConfiguration,
  unusable: readonly string[] = [],
): Promise<readonly CheckResult[]> {
  return Promise.all(triesOf(configuration).map((each) => resultOf(each, unusable)));
}

function triesOf(configuration: GatewayConfiguration): readonly Try[] {
  const { unleash, redis, identity } = configuration;
  const admin = ['unleash.url', 'unleash.adminUrl', 'unleash.adminToken'];
  const jwksUrl = identity?.jwksUrl;
  return [
    { what: 'address', needs: ['host', 'port'], work: () => tryAddress(configuration) },
    { what: 'Unleash', needs: ['unleash.url', 'unleash.token'], work: () => tryUnleash(configuration) },
    ...optional(unleash.adminToken, () => ({
      what: 'Unleash admin',
      needs: admin,
      work: () => tryAdmin(configuration),
    })),
    { what: 'database', needs: ['database', 'secret', 'acceptedSecrets'], work: () => tryDatabase(configuration) },
    ...optional(redis, () => ({ what: 'Redis', needs: ['redis'], work: () => tryRedis(configuration) })),
    ...optional(jwksUrl, (url) => ({ what: 'keys of users', needs: ['identity.jwksUrl'], work: () => tryKeys(url) })),
    {
      what: 'callers',
      needs: ['keys', 'frontend', 'identity', 'environment'],
      work: async () => callersOf(configuration),
    },
    { what: 'backup of flags', needs: ['unleash.url'], work: () => tryBackup(configuration) },
  ];
}

/** One check where a setting is there, none where it isn't. */
function optional<T>(setting: T | undefined, make: (setting: T) => Try): readonly Try[] {
  return setting === undefined ? [] : [make(setting)];
}

async function resultOf({ what, needs, work }: Try, unusable: readonly string[]): Promise<CheckResult> {
  const missing = needs.filter((setting) => concerns(unusable, setting));
  if (missing.length > 0)
    return { what, ok: false, isSkipped: true, found: `not tried: ${missing.join(' and ')} can not be used` };
  try {
    const found = await work();
    return typeof found === 'string' ? { what, ok: true, found } : { what, ok: true, ...found };
  } catch (error) {
    return { what, ok: false, found: (error as Error).message };
  }
}

/** A backup is no condition of a start: its folder may be read-only. */
async function tryBackup(
  configuration: GatewayConfiguration,
): Promise<string | Pick<CheckResult, 'isWarning' | 'found'>> {
  const warning = await checkBackup(configuration);
  return warning === undefined ? 'can be written' : { isWarning: true, found: warning };
}

function tryAddress({ host, port }: GatewayConfiguration): Promise<string> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => fail(new Error(`${host}:${port}: ${error.code}`)));
    server.listen(port, host, () => server.close(() => done(`${host}:${port} is free`)));
  });
}

async function tryUnleash({ unleash: { url, token, appName } }: GatewayConfiguration): Promise<string> {
  const response = await ask(`${url}/client/features`, { authorization: token, 'unleash-appname': appName });
  const { features } = (await response.json()) as { readonly features?: readonly unknown[] };
  if (!Array.isArray(features)) throw new Error(`${url}: this is not Unleash's API. Check the URL`);
  return `${url} has ${features.length} flags`;
}

async function tryAdmin({ unleash }: GatewayConfiguration): Promise<string> {
  const { adminToken = '', adminUrl = unleash.url.replace(/\/api$/, '') } = unleash;
  await ask(`${adminUrl.replace(/\/+$/, '')}/api/admin/projects`, { authorization: adminToken });
  return 'the admin token is good: kills switch flags off too';
}

async function ask(url: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  const response = await proxyFetch(url, { headers, signal: AbortSignal.timeout(TIMEOUT) }).catch((error: Error) => {
    throw new Error(`${url}: ${reasonOf(error)}`);
  });
  if (response.ok) return response;
  const hint = response.status === 401 || response.status === 403 ? ': check the token and its kind' : '';
  throw new Error(`${url} answered ${response.status}${hint}`);
}

function reasonOf({ name, message, cause }: Error): string {
  if (name === 'TimeoutError') return 'no answer in 5 s';
  const { code, message: inner } = (cause ?? {}) as Partial<NodeJS.ErrnoException>;
  return code ?? inner ?? message;
}

async function tryDatabase({ database, secret, acceptedSecrets }: GatewayConfiguration): Promise<string> {
  const folder = folderOf(database);
  if (folder !== undefined && !(await exists(join(folder, 'data')))) return newFolder(folder);
  const control = createControl({ database, secret, acceptedSecrets, migrate: false, timeoutMs: DATABASE_TIMEOUT_MS });
  try {
    const problems = await control.store.consentProblems();
    if (problems.length > 0) throw new Error(`tenant_ai_consents: ${problems.join('; ')}`);
    const { position } = await control.store.head();
    return `${folder ?? 'the server'} answers; its control log has ${position} entries`;
  } catch (error) {
    if (folder !== undefined && isStoreError(error) && error.kind === 'schema_older')
      return `${folder} answers; its tables are created at the start`;
    throw new Error(messageOf(error), { cause: error });
  } finally {
    await control.close();
  }
}

function folderOf(database: GatewayConfiguration['database']): string | undefined {
  if (typeof database !== 'string') return resolve(database.folder);
  return database.includes('://') ? undefined : resolve(database);
}

async function newFolder(folder: string): Promise<string> {
  let above = folder;
  while (!(await exists(above))) above = dirname(above);
  await access(above, constants.W_OK).catch(() => {
    throw new Error(`${above} can not be written to`);
  });
  return `${folder} is made at the start: an embedded database, for one process`;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function tryRedis({ redis, secret, environment }: GatewayConfiguration): Promise<string> {
  // The database is not connected before it is asked.
  const control = createControl({ database: 'postgres://127.0.0.1:1/none', secret, redis, environment });
  try {
    const until = Date.now() + TIMEOUT;
    while (Date.now() < until) {
      if ((await control.redis?.send('PING')) !== undefined) return 'it answers';
      await delay(100);
    }
    throw new Error('no answer in 5 s: check the address, the password and the network');
  } finally {
    await control.close();
  }
}

async function tryKeys(url: string): Promise<string> {
  const response = await ask(url, { accept: 'application/json' });
  const { keys } = (await response.json().catch(() => ({}))) as { readonly keys?: readonly unknown[] };
  if (!Array.isArray(keys) || keys.length === 0) throw new Error(`${url} holds no keys`);
  return `${url} holds ${keys.length}`;
}

function callersOf({ keys, frontend, identity, environment }: GatewayConfiguration): string {
  const here = keys.filter(({ environments }) => environments === undefined || environments.includes(environment));
  const services = here.filter(({ role }) => role === 'service').length;
  const pages = `${frontend.tokens.length} tokens of pages${frontend.askUnleash ? " and Unleash's own" : ''}`;
  const users = identity === undefined ? 'nobody by token' : `users of ${identity.issuer}`;
  return `${services} keys of services and ${here.length - services} of operators here, ${pages}, ${users}`;
}
