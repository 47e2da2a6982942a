import { resolve } from 'node:path';
import { type GatewayConfiguration, isConfigurationError, readConfiguration } from '@rampart/gateway';
import type { DatabaseFlags } from '../control-settings.js';
import { noPassword } from '../control-settings.js';
import { VARIABLES, type Variables } from '../environment.js';
import { misused } from '../failure.js';
import { listOf } from '../input/pairs.js';
import { fileText, from, type Sourced } from '../settings.js';
import { type ConfigurationFile, readConfigurationFile } from './configuration-file.js';
import { ownSecret, trialSecret } from './own-secret.js';

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

type Path = readonly [string] | readonly [string, string];

const DEFAULT_FOLDER = './rampart-data';
const NO_TOKEN =
  'I have no client token for Unleash: set UNLEASH_CLIENT_TOKEN, or pass --client-token-file FILE, or write unleash.token into the file';
const NO_URL =
  'I do not know where Unleash is: set UNLEASH_URL or pass --url, e.g. https://unleash.example.com, or write unleash.url into the file';
const NO_SECRET =
  'I have no secret to sign the control log with: set RAMPART_SECRET, or pass --secret-file FILE, the same for every process (at least 32 characters; make one with: openssl rand -hex 32)';

/**
 * Joins file, environment and options.
 *
 * @throws UsageError that names where the value came from, the setting and the fix; never a secret
 */
export function readGatewaySettings(flags: GatewayFlags, variables: Variables): GatewaySettings {
  noPassword('--database', flags.database, VARIABLES.database);
  noPassword('--redis-url', flags.redisUrl, VARIABLES.redis);
  const file = fileOf(flags, variables);
  const layers = new Layers(file);
  for (const [path, sourced, read] of overrides(flags, variables)) layers.set(path, sourced, read);
  if (layers.get(['unleash', 'url']) === undefined) misused(NO_URL);
  if (layers.get(['unleash', 'token']) === undefined) misused(NO_TOKEN);
  const notes = withSecret(layers, flags.check ? trialSecret : ownSecret);
  return { configuration: layers.checked(), notes };
}

function fileOf({ config }: GatewayFlags, { gatewayConfiguration }: Variables): ConfigurationFile | undefined {
  const named = from('--config', config, VARIABLES.gatewayConfiguration, gatewayConfiguration);
  return named && readConfigurationFile(named.source, named.value);
}

type Read = (text: string) => unknown;

function overrides(flags: GatewayFlags, variables: Variables): [Path, Sourced | undefined, Read?][] {
  const text = (option: string, path: string | undefined, variable: string, value: string | undefined) =>
    from(option, fileText(option, path), variable, value);
  return [
    [['host'], from('--host', flags.host, VARIABLES.host, variables.host)],
    [['port'], from('--port', flags.port, VARIABLES.port, variables.port), numberOf],
    [
      ['environment'],
      from(
        '--control-environment',
        flags.controlEnvironment,
        VARIABLES.controlEnvironment,
        variables.controlEnvironment,
      ),
    ],
    [['unleash', 'url'], from('--url', flags.url, VARIABLES.url, variables.url), withApi],
    [
      ['unleash', 'token'],
      text('--client-token-file', flags.clientTokenFile, VARIABLES.clientToken, variables.clientToken),
    ],
    [['unleash', 'adminToken'], text('--token-file', flags.tokenFile, VARIABLES.adminToken, variables.adminToken)],
    [['database'], from('--database', flags.database, VARIABLES.database, variables.database), databaseOf],
    [['redis'], from('--redis-url', flags.redisUrl, VARIABLES.redis, variables.redis)],
    [['secret'], text('--secret-file', flags.secretFile, VARIABLES.secret, variables.secret)],
    [['tiers'], from('', undefined, VARIABLES.tiers, variables.tiers), listOf],
  ];
}

const numberOf: Read = (text) => (/^\d+$/.test(text) ? Number(text) : text);
const databaseOf: Read = (text) => (text.includes('://') ? text : { folder: resolve(text) });
/** An SDK takes the address with /api; people write it either way. */
const withApi: Read = (text) => `${text.replace(/\/+$/, '').replace(/\/api(?:\/(?:client|frontend|admin))?$/, '')}/api`;

/** Only the embedded database, which belongs to one process, can do with a secret that nobody gave. */
function withSecret(layers: Layers, secretOf: typeof ownSecret): readonly string[] {
  if (layers.get(['secret']) !== undefined) return [];
  const database = layers.get(['database']) ?? { folder: DEFAULT_FOLDER };
  const folder = (database as { readonly folder?: unknown }).folder ?? (isAddress(database) ? undefined : database);
  if (typeof folder !== 'string') return misused(NO_SECRET);
  const { secret, note } = secretOf(resolve(folder));
  layers.set(['secret'], { value: secret, source: 'the secret in the data folder' });
  return note === undefined ? [] : [note];
}

function isAddress(database: unknown): boolean {
  return typeof database === 'string' && database.includes('://');
}

/** A configuration, and where each part of it was said. */
class Layers {
  readonly #content: Record<string, unknown>;
  readonly #sources = new Map<string, string>();
  readonly #file: string;

  constructor(file: ConfigurationFile | undefined) {
    this.#content = structuredClone({ ...file?.content });
    this.#file = file?.source ?? 'the configuration';
  }

  get(path: Path): unknown {
    const [first, second] = path;
    const value = this.#content[first];
    if (second === undefined) return value;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[second] : undefined;
  }

  set([first, second]: Path, sourced: Sourced | undefined, read: Read = (text) => text): void {
    if (sourced === undefined) return;
    const value = read(sourced.value);
    const within = this.#content[first] ?? {};
    if (second === undefined) this.#content[first] = value;
    else if (typeof within === 'object' && !Array.isArray(within))
      this.#content[first] = { ...within, [second]: value };
    else misused(`${this.#file}: ${first}: write its settings below it`);
    this.#sources.set(second === undefined ? first : `${first}.${second}`, sourced.source);
  }

  /** The whole, checked. */
  checked(): GatewayConfiguration {
    try {
      return readConfiguration(this.#content);
    } catch (error) {
      if (!isConfigurationError(error)) throw error;
      const source = this.#sources.get(error.field);
      return misused(
        source === undefined ? `${this.#file}: ${this.#named(error.field)}${error.fix}` : `${source}: ${error.fix}`,
      );
    }
  }

  #named(field: string): string {
    return field === '' ? '' : `${field}: `;
  }
}
