/** What the environment says, empty variables left out. Nothing else reads it. */
export interface Variables {
  readonly url: string | undefined;
  readonly adminToken: string | undefined;
  readonly clientToken: string | undefined;
  readonly environment: string | undefined;
  readonly project: string | undefined;
  readonly tiers: string | undefined;
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
    plain: read('NO_COLOR') !== undefined || read('TERM') === 'dumb',
  };
}
