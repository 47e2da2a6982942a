import { ControlInputError, MIN_SECRET_LENGTH, secretText } from '@rampart/core';
import type { StoreOptions } from '../api/store-options.js';

/** Validated options. */
export interface Settings {
  readonly address: Address;
  readonly secret: string;
  readonly acceptedSecrets: readonly string[];
  readonly timeoutMs: number;
  readonly maxConnections: number;
  readonly warn: (message: string) => void;
}

/** Address of a database, and its URL without the password for messages. */
export type Address =
  | { readonly engine: 'postgres' | 'mysql'; readonly url: string; readonly redactedUrl: string }
  | { readonly engine: 'pglite'; readonly folder: string; readonly redactedUrl: string };

const ENGINES: Readonly<Record<string, 'postgres' | 'mysql'>> = {
  'postgres:': 'postgres',
  'postgresql:': 'postgres',
  'mysql:': 'mysql',
  'mariadb:': 'mysql',
};
const URL_EXAMPLES = 'use postgres://USER:PASSWORD@HOST/DATABASE, mysql://…, mariadb://…, or { folder }';

/** @throws ControlInputError that names the option and the fix, and neither password nor secret */
export function readSettings({ database, secret, acceptedSecrets, ...limits }: StoreOptions): Settings {
  const { timeoutMs, pool, logger } = limits;
  return {
    address: readAddress(database),
    secret: readSecret('secret', secret),
    acceptedSecrets: readAcceptedSecrets(acceptedSecrets),
    timeoutMs: readPositiveInteger('timeoutMs', timeoutMs ?? 2_000),
    maxConnections: readPositiveInteger('pool.max', pool?.max ?? 10),
    warn: (message) => logger?.warn(message),
  };
}

function readAcceptedSecrets(secrets: unknown): readonly string[] {
  if (secrets === undefined) return [];
  if (!Array.isArray(secrets)) throw new ControlInputError('acceptedSecrets', typeof secrets, 'pass a list of secrets');
  return secrets.map((secret, index) => readSecret(`acceptedSecrets[${index}]`, secret));
}

function readSecret(field: string, value: unknown): string {
  const secret = typeof value === 'string' ? secretText(value) : value;
  if (typeof secret === 'string' && secret.length >= MIN_SECRET_LENGTH) return secret;
  const length = typeof secret === 'string' ? `${secret.length} characters` : typeof secret;
  throw new ControlInputError(field, length, `use at least ${MIN_SECRET_LENGTH} characters, e.g. openssl rand -hex 32`);
}

function readAddress(database: StoreOptions['database']): Address {
  if (typeof database === 'object' && database !== null) {
    const { folder } = database;
    if (typeof folder === 'string' && folder !== '') return { engine: 'pglite', folder, redactedUrl: folder };
    throw new ControlInputError('database.folder', folder, 'name the folder of the embedded database');
  }
  const url = typeof database === 'string' && URL.canParse(database) ? new URL(database) : undefined;
  const engine = url && ENGINES[url.protocol];
  // An unparsable address is not repeated: it may contain a password.
  if (!url || !engine) throw new ControlInputError('database', url ? url.protocol : typeof database, URL_EXAMPLES);
  if (url.pathname.length < 2) throw new ControlInputError('database', `${url.protocol}//${url.host}`, URL_EXAMPLES);
  return { engine, url: url.href, redactedUrl: `${url.protocol}//${url.host}${url.pathname}` };
}

function readPositiveInteger(field: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value < 2 ** 31) return value;
  throw new ControlInputError(field, value, 'use a whole number from 1');
}
