import type { Rampart } from '@rampart/sdk';
import { createControl, createRampart, DurableControl } from '@rampart/sdk';
import { checkFlagBackup, createAdminClient, createKillSwitch } from '@rampart/sdk/operator';
import type { GatewayConfiguration } from './configuration.js';
import { ExposureLog } from './events/exposures.js';
import type { App, Gateway } from './gateway.js';
import { asDecided, requireAgreement, type Stated } from './given-rampart.js';
import { type Metrics, openMetrics } from './service/metrics.js';
import { Stopping } from './service/stopping.js';

/** How often the log is read at least; a short `maxStaleness` asks for more. */
const MAX_POLL_INTERVAL_MS = 1_000;

interface Given {
  readonly configuration: GatewayConfiguration;
  /** The same before defaults were filled in, and the directory. */
  readonly stated: Stated;
  readonly log: App['log'];
  readonly rampart: Rampart | undefined;
  readonly migrate?: boolean | undefined;
}

/** Makes what the routes need; nothing is connected yet. @throws ConfigurationError where a given rampart says otherwise */
export function joinParts(parts: Given): Gateway {
  const { configuration: read, stated, log, rampart: given } = parts;
  const metrics = openMetrics();
  if (given !== undefined) requireAgreement(stated, given);
  const { rampart, control } = given === undefined ? built(parts, metrics) : takenFrom(given);
  const { directory } = rampart;
  const shared = { configuration: asDecided(read, rampart), log, metrics, directory, stopping: new Stopping() };
  return { ...shared, rampart, ...recording(shared, control) };
}

function takenFrom(rampart: Rampart) {
  return { rampart, control: rampart.control instanceof DurableControl ? rampart.control : undefined };
}

function built({ configuration, stated: { directory }, log, migrate }: Given, metrics: Metrics) {
  const { tiers, prefix, gates, contextNames } = configuration;
  const control = controlOf({ configuration, log, migrate }, metrics);
  const unleash = unleashOf(configuration);
  const rampart = createRampart({
    unleash,
    control,
    directory,
    tiers,
    prefix,
    gates,
    contextNames,
    logger: log,
  });
  return { rampart, control };
}

function recording(
  { configuration, log }: Pick<Gateway, 'configuration' | 'log'>,
  control: DurableControl | undefined,
) {
  const exposures = configuration.exposures && control !== undefined ? new ExposureLog({ control, log }) : undefined;
  return { control, killSwitch: killSwitchOf(configuration, control), exposures };
}

function controlOf(
  { configuration, log, migrate }: Pick<Given, 'configuration' | 'log' | 'migrate'>,
  { meter }: Metrics,
): DurableControl {
  const { database, secret, acceptedSecrets, redis, relay, environment, maxStaleness } = configuration;
  const isServer = typeof database === 'string' && database.includes('://');
  const creates = isServer ? migrate : true;
  return createControl({
    database,
    secret,
    acceptedSecrets,
    redis,
    relay,
    environment,
    maxStaleness,
    pollInterval: Math.min(MAX_POLL_INTERVAL_MS, Math.floor(maxStaleness / 2)),
    meter,
    logger: log,
    migrate: creates,
  });
}

/** The warning that a gateway would log about its backup of flags; undefined where it can be written. Creates nothing. */
export function checkBackup(configuration: GatewayConfiguration): Promise<string | undefined> {
  return checkFlagBackup(unleashOf(configuration));
}

function unleashOf({ unleash }: GatewayConfiguration) {
  const { url, token, appName, refreshInterval } = unleash;
  return { url, appName, refreshInterval, customHeaders: { Authorization: token } };
}

function killSwitchOf({ unleash }: GatewayConfiguration, control: DurableControl | undefined) {
  if (control === undefined) return undefined;
  const { adminToken, adminUrl = unleash.url.replace(/\/api$/, '') } = unleash;
  const admin = adminToken === undefined ? undefined : createAdminClient({ url: adminUrl, token: adminToken });
  return createKillSwitch({ control, admin });
}
