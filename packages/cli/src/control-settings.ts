import { createHash } from 'node:crypto';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { MIN_SECRET_LENGTH } from '@rampart/core';
import { type ControlOptions, createControl, type DurableControl } from '@rampart/sdk';
import type { JournalPlace } from '@rampart/sdk/operator';
import { z } from 'zod';
import { VARIABLES, type Variables } from './environment.js';
import { misused } from './failure.js';
import { check, fileText, from } from './settings.js';

/** Options of every command that speaks to the database; they win over the environment. */
export interface DatabaseFlags {
  readonly database?: string;
  readonly redisUrl?: string;
  readonly secretFile?: string;
  readonly acceptedSecretFile?: string;
  readonly controlEnvironment?: string;
}

/** Options and environment, checked. Passwords and the secret never appear in an error. */
export interface ControlSettings
  extends Pick<ControlOptions, 'database' | 'secret' | 'acceptedSecrets' | 'redis' | 'environment'> {
  /** The folder for orders that are under way in this database; undefined where there is no home to keep it in. */
  readonly journal: string | undefined;
}

const NOWHERE =
  'I do not know where the database is: set RAMPART_DATABASE_URL, e.g. postgres://USER:PASSWORD@HOST/DATABASE or mysql://..., or name the folder of an embedded one, e.g. --database ./rampart-data';
const NO_SECRET =
  'I have no secret to sign the control log with: set RAMPART_SECRET, or pass --secret-file FILE, to the one that your services use (at least 32 characters; make one with: openssl rand -hex 32)';

const secretText = z
  .string()
  .min(MIN_SECRET_LENGTH, `it has fewer than ${MIN_SECRET_LENGTH} characters: copy the whole of it`);
const environment = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'write a name of letters, digits, _ - and ., as your services have it');

/** Joins options and environment. Throws a `UsageError` that names the option or variable that is wrong. */
export function readControlSettings(flags: DatabaseFlags, variables: Variables): ControlSettings {
  noPassword('--database', flags.database, VARIABLES.database);
  noPassword('--redis-url', flags.redisUrl, VARIABLES.redis);
  const text = flags.database ?? variables.database ?? misused(NOWHERE);
  const database = text.includes('://') ? text : { folder: resolve(text) };
  return {
    database,
    secret: readSecret(flags, variables),
    acceptedSecrets: readAcceptedSecrets(flags, variables),
    redis: flags.redisUrl ?? variables.redis,
    environment: check(
      environment,
      from(
        '--control-environment',
        flags.controlEnvironment,
        VARIABLES.controlEnvironment,
        variables.controlEnvironment,
      ),
      'open',
    ),
    journal: variables.stateFolder && join(variables.stateFolder, 'orders', identityOf(database)),
  };
}

/** Whether a database and its secret are configured; commands that can do without do, where they are not. */
export function knowsDatabase({ database, secretFile }: DatabaseFlags, variables: Variables): boolean {
  return (database ?? variables.database) !== undefined && (secretFile ?? variables.secret) !== undefined;
}

/** Opens the control state as the settings say. Nothing is connected yet. */
export function openControl(settings: ControlSettings, given: Partial<ControlOptions>): DurableControl {
  try {
    const { database, secret, acceptedSecrets, redis, environment: name } = settings;
    return createControl({ database, secret, acceptedSecrets, redis, environment: name, ...given });
  } catch (error) {
    if (error instanceof TypeError) misused(error.message);
    throw error;
  }
}

/** Who acts, for the control log. */
export function readActor(given: string | undefined): string {
  return given ?? userInfo().username;
}

function readSecret({ secretFile }: DatabaseFlags, variables: Variables): string {
  const found = from('--secret-file', fileText('--secret-file', secretFile), VARIABLES.secret, variables.secret);
  return check(secretText, found, 'secret') ?? misused(NO_SECRET);
}

function readAcceptedSecrets({ acceptedSecretFile }: DatabaseFlags, variables: Variables): readonly string[] {
  const text = fileText('--accepted-secret-file', acceptedSecretFile);
  const found = from('--accepted-secret-file', text, VARIABLES.acceptedSecrets, variables.acceptedSecrets);
  return linesOf(found?.value ?? '').flatMap(
    (value) => check(secretText, found && { ...found, value }, 'secret') ?? [],
  );
}

/** Secrets that were written one a line. */
export function linesOf(text: string): readonly string[] {
  return text.split(/\r\n|\r|\n/).filter((line) => line !== '');
}

/** Refuses an address with a password as an argument: arguments show in process lists. */
export function noPassword(option: string, value: string | undefined, variable: string): void {
  if (value !== undefined && URL.canParse(value) && new URL(value).password !== '')
    misused(`${option}: it holds a password, and arguments show in process lists: put the address into ${variable}`);
}

/** The folder for orders with its neighbours, which hold the orders for other databases. */
export function journalPlaceOf({ journal, database }: ControlSettings): JournalPlace | undefined {
  return journal === undefined
    ? undefined
    : { folder: journal, database: shownAddress(database), all: dirname(journal) };
}

/** An address without user and password. */
function shownAddress(database: ControlOptions['database']): string {
  if (typeof database !== 'string') return database.folder;
  const url = URL.canParse(database) ? new URL(database) : undefined;
  return url === undefined ? '(an address that can not be read)' : `${url.protocol}//${url.host}${url.pathname}`;
}

/** The same for every way to write the address of one database. */
function identityOf(database: ControlOptions['database']): string {
  const url = typeof database === 'string' && URL.canParse(database) ? new URL(database) : undefined;
  const known = typeof database === 'string' ? `${url?.host ?? ''}${url?.pathname ?? ''}` : database.folder;
  return createHash('sha256').update(known).digest('hex').slice(0, 16);
}
