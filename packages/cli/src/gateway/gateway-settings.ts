import { resolve } from 'node:path';
import type { GatewayConfiguration } from '@rampart/gateway';
import type { DatabaseFlags } from '../control-settings.js';
import { linesOf, noPassword } from '../control-settings.js';
import { VARIABLES, type Variables } from '../environment.js';
import { UsageError } from '../failure.js';
import { listOf } from '../input/pairs.js';
import { fileText, from, type Sourced } from '../settings.js';
import { type ConfigurationFile, readConfigurationFile } from './configuration-file.js';
import { Layers, type Path } from './layers.js';
import { ownSecret, trialSecret } from './own-secret.js';
import { Problems } from './problems.js';
import { usableConfiguration } from './usable-configuration.js';

/** Options of `rampart serve`; they win over the environment, and that wins over the file. */
export interface GatewayFlags extends DatabaseFlags {
  readonly config?: string;
  /** Nothing is started: no secret is made, and no folder for it. */
  readonly check?: boolean;
  readonly host?: string;
  readonly port?: string;
  readonly url?: string;
  readonly tokenFile?: string;
  readonly clientTokenFile?: string;
}

/** What a gateway is started with. */
export interface GatewaySettings {
  readonly configuration: GatewayConfiguration;
  /** For whoever started it, a line each. */
  readonly notes: readonly string[];
}

/** Settings with every problem that they have. */
export interface CheckedSettings extends GatewaySettings {
  /** One line each; empty where a gateway can start. */
  readonly problems: readonly string[];
  /** Dotted names of the settings that can't be used: `configuration` has defaults or placeholders in their place. */
  readonly unusable: readonly string[];
  /** The folder of an embedded database that keeps its own secret. */
  readonly secretFolder: string | undefined;
}

const DEFAULT_FOLDER = './rampart-data';
const NO_TOKEN =
  'I have no client token for Unleash: set UNLEASH_CLIENT_TOKEN, or pass --client-token-file FILE, or write unleash.token into the file';
const NO_URL =
  'I do not know where Unleash is: set UNLEASH_URL or pass --url, e.g. https://unleash.example.com, or write unleash.url into the file';
const NO_SECRET =
  'I have no secret to sign the control log with: set RAMPART_SECRET, or pass --secret-file FILE, the same for every process (at least 32 characters; make one with: openssl rand -hex 32)';

/**
 * Joins options, environment and file. Makes the secret of an embedded database where none is set, unless `check` is set.
 *
 * @throws UsageError with every problem: the source of the value, the setting and the fix; never a secret
 */
export function readGatewaySettings(flags: GatewayFlags, variables: Variables): GatewaySettings {
  const { configuration, notes, problems, secretFolder } = checkGatewaySettings(flags, variables);
  if (problems.length > 0) throw new UsageError(...problems);
  if (secretFolder === undefined || flags.check) return { configuration, notes };
  const { secret, note } = ownSecret(secretFolder);
  return { configuration: { ...configuration, secret }, notes: note === undefined ? [] : [note] };
}

/** Joins options, environment and file, finds every problem, and makes nothing. */
export function checkGatewaySettings(flags: GatewayFlags, variables: Variables): CheckedSettings {
  const problems = new Problems();
  problems.attempt(undefined, () => noPassword('--database', flags.database, VARIABLES.database));
  problems.attempt(undefined, () => noPassword('--redis-url', flags.redisUrl, VARIABLES.redis));
  const file = fileOf(flags, variables, problems);
  const layers = new Layers(file);
  for (const [path, source, read = asText] of overrides(flags, variables)) {
    const sourced = problems.attempt(path.join('.'), source);
    if (sourced !== undefined) layers.set(path, sourced, read(sourced.value));
  }
  const isWhole = file === undefined || file.content !== undefined;
  for (const [path, message] of NEEDED) requireSetting(layers, problems, path, isWhole ? message : undefined);
  const own = trySecret(layers, problems, isWhole);
  for (const problem of layers.problems().filter(({ field }) => !problems.cover(field)))
    problems.add(layers.describe(problem), problem.field);
  const { messages, settings: unusable } = problems;
  return { configuration: usableConfiguration(layers.content), problems: messages, unusable, ...own };
}

function fileOf(
  { config }: GatewayFlags,
  { gatewayConfiguration }: Variables,
  problems: Problems,
): ConfigurationFile | undefined {
  const named = from('--config', config, VARIABLES.gatewayConfiguration, gatewayConfiguration);
  return named && readConfigurationFile(named.source, named.value, problems);
}

const NEEDED: readonly (readonly [Path, message: string])[] = [
  [['unleash', 'url'], NO_URL],
  [['unleash', 'token'], NO_TOKEN],
];

/** Marks a setting that is missing. Without a message it may stand in a file that can't be read. */
function requireSetting(layers: Layers, problems: Problems, path: Path, message: string | undefined): void {
  const setting = path.join('.');
  if (layers.get(path) !== undefined || problems.cover(setting)) return;
  // What stands there in place of settings is named by its own problem.
  if (message === undefined || layers.isMisplaced(path[0])) problems.mark(setting);
  else problems.add(message, setting);
}

type Read = (text: string) => unknown;

function overrides(
  flags: GatewayFlags,
  variables: Variables,
): readonly (readonly [Path, () => Sourced | undefined, Read?])[] {
  const plain = (option: string, value: string | undefined, variable: string, found: string | undefined) => () =>
    from(option, value, variable, found);
  const text = (option: string, path: string | undefined, variable: string, found: string | undefined) => () =>
    from(option, fileText(option, path), variable, found);
  const { controlEnvironment, clientTokenFile, tokenFile, secretFile, acceptedSecretFile } = flags;
  return [
    [['host'], plain('--host', flags.host, VARIABLES.host, variables.host)],
    [['port'], plain('--port', flags.port, VARIABLES.port, variables.port), numberOf],
    [
      ['environment'],
      plain('--control-environment', controlEnvironment, VARIABLES.controlEnvironment, variables.controlEnvironment),
    ],
    [['unleash', 'url'], plain('--url', flags.url, VARIABLES.url, variables.url), withApi],
    [['unleash', 'token'], text('--client-token-file', clientTokenFile, VARIABLES.clientToken, variables.clientToken)],
    [['unleash', 'adminToken'], text('--token-file', tokenFile, VARIABLES.adminToken, variables.adminToken)],
    [['database'], plain('--database', flags.database, VARIABLES.database, variables.database), databaseOf],
    [['redis'], plain('--redis-url', flags.redisUrl, VARIABLES.redis, variables.redis)],
    [['secret'], text('--secret-file', secretFile, VARIABLES.secret, variables.secret)],
    [
      ['acceptedSecrets'],
      text('--accepted-secret-file', acceptedSecretFile, VARIABLES.acceptedSecrets, variables.acceptedSecrets),
      linesOf,
    ],
    [['tiers'], plain('', undefined, VARIABLES.tiers, variables.tiers), listOf],
  ];
}

const asText: Read = (text) => text;
const numberOf: Read = (text) => (/^\d+$/.test(text) ? Number(text) : text);
const databaseOf: Read = (text) => (text.includes('://') ? text : { folder: resolve(text) });
/** An SDK takes the address with /api; people write it either way. */
const withApi: Read = (text) => `${text.replace(/\/+$/, '').replace(/\/api(?:\/(?:client|frontend|admin))?$/, '')}/api`;

/** Only the embedded database, which belongs to one process, can keep a secret of its own. */
function trySecret(
  layers: Layers,
  problems: Problems,
  isWhole: boolean,
): Pick<CheckedSettings, 'notes' | 'secretFolder'> {
  const none = { notes: [], secretFolder: undefined };
  if (layers.get(['secret']) !== undefined) return none;
  const database = layers.get(['database']) ?? { folder: DEFAULT_FOLDER };
  const folder = (database as { readonly folder?: unknown }).folder ?? (isAddress(database) ? undefined : database);
  if (typeof folder !== 'string') {
    requireSetting(layers, problems, ['secret'], isWhole ? NO_SECRET : undefined);
    return none;
  }
  if (!isWhole || problems.cover('secret')) {
    problems.mark('secret');
    return none;
  }
  const secretFolder = resolve(folder);
  const own = problems.attempt('secret', () => trialSecret(secretFolder));
  if (own === undefined) return none;
  layers.set(['secret'], { value: own.secret, source: 'the secret in the data folder' }, own.secret);
  return { notes: own.note === undefined ? [] : [own.note], secretFolder };
}

function isAddress(database: unknown): boolean {
  return typeof database === 'string' && database.includes('://');
}
