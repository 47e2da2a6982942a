import { join } from 'node:path';
import { secretText } from '@rampart/core';

/** What the environment says, empty variables left out. Nothing else reads it. */
export interface Variables {
  readonly url: string | undefined;
  readonly adminToken: string | undefined;
  readonly clientToken: string | undefined;
  readonly environment: string | undefined;
  readonly project: string | undefined;
  readonly tiers: string | undefined;
  readonly database: string | undefined;
  readonly redis: string | undefined;
  readonly secret: string | undefined;
  /** Secrets that count beside it, one a line. */
  readonly acceptedSecrets: string | undefined;
  readonly controlEnvironment: string | undefined;
  /** A file with the configuration of a gateway. */
  readonly gatewayConfiguration: string | undefined;
  /** The gateway that kill, revive, kills, override and exposures go through. */
  readonly gateway: string | undefined;
  /** An operator's key for it. */
  readonly gatewayKey: string | undefined;
  readonly host: string | undefined;
  readonly port: string | undefined;
  /** The folder for what has to outlive a command. */
  readonly stateFolder: string | undefined;
  /** Whether colours are unwanted: `NO_COLOR` is set, or `TERM` is `dumb`. */
  readonly plain: boolean;
}

/** The names under which {@link Variables} are set. */
export const VARIABLES = {
  url: 'UNLEASH_URL',
  adminToken: 'UNLEASH_ADMIN_TOKEN',
  clientToken: 'UNLEASH_CLIENT_TOKEN',
  environment: 'UNLEASH_ENVIRONMENT',
  project: 'UNLEASH_PROJECT',
  tiers: 'RAMPART_TIERS',
  database: 'RAMPART_DATABASE_URL',
  redis: 'REDIS_URL',
  secret: 'RAMPART_SECRET',
  acceptedSecrets: 'RAMPART_ACCEPTED_SECRETS',
  controlEnvironment: 'RAMPART_ENVIRONMENT',
  gatewayConfiguration: 'RAMPART_GATEWAY_CONFIG',
  gateway: 'RAMPART_GATEWAY_URL',
  gatewayKey: 'RAMPART_GATEWAY_KEY',
  host: 'HOST',
  port: 'PORT',
  stateFolder: 'RAMPART_STATE_FOLDER',
} as const;

/** Reads the environment: the only function of Rampart that does. */
export function readEnvironment(environment: NodeJS.ProcessEnv = process.env): Variables {
  const read = (name: string): string | undefined => environment[name]?.trim() || undefined;
  return {
    url: read(VARIABLES.url),
    adminToken: read(VARIABLES.adminToken),
    clientToken: read(VARIABLES.clientToken),
    environment: read(VARIABLES.environment),
    project: read(VARIABLES.project),
    tiers: read(VARIABLES.tiers),
    database: read(VARIABLES.database) ?? read('DATABASE_URL'),
    redis: read(VARIABLES.redis),
    // Spaces are part of a secret: the library reads it by the same rule.
    secret: secretText(environment[VARIABLES.secret] ?? '') || undefined,
    acceptedSecrets: secretText(environment[VARIABLES.acceptedSecrets] ?? '') || undefined,
    controlEnvironment: read(VARIABLES.controlEnvironment),
    gatewayConfiguration: read(VARIABLES.gatewayConfiguration),
    gateway: read(VARIABLES.gateway),
    gatewayKey: read(VARIABLES.gatewayKey),
    host: read(VARIABLES.host),
    port: read(VARIABLES.port),
    stateFolder: read(VARIABLES.stateFolder) ?? under(read('XDG_STATE_HOME')) ?? under(read('HOME'), '.local', 'state'),
    plain: read('NO_COLOR') !== undefined || read('TERM') === 'dumb',
  };
}

/** The place that the XDG specification gives to such files. */
function under(folder: string | undefined, ...parts: readonly string[]): string | undefined {
  return folder === undefined ? undefined : join(folder, ...parts, 'rampart');
}
