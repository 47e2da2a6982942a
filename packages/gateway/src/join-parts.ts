import type { TenantDirectory } from '@rampart/core';
import type { Rampart } from '@rampart/sdk';
import { createControl, createRampart, DurableControl } from '@rampart/sdk';
import { createAdminClient, createKillSwitch } from '@rampart/sdk/operator';
import type { GatewayConfiguration } from './configuration.js';
import { ExposureLog } from './events/exposures.js';
import type { App, Gateway } from './gateway.js';
import { type Metrics, openMetrics } from './service/metrics.js';
import { Stopping } from './service/stopping.js';

interface Given {
  readonly configuration: GatewayConfiguration;
  readonly log: App['log'];
  readonly rampart: Rampart | undefined;
  readonly directory: TenantDirectory | undefined;
}

/** Makes what the routes need; nothing is connected yet. */
export function joinParts({ configuration, log, rampart: given, directory }: Given): Gateway {
  const metrics = openMetrics();
  const shared = { configuration, log, metrics, directory, stopping: new Stopping() };
  if (given !== undefined) {
    const control = given.control instanceof DurableControl ? given.control : undefined;
    return { ...shared, rampart: given, ...recording(shared, control) };
  }
  const control = controlOf(configuration, log, metrics);
  const rampart = createRampart({
    unleash: unleashOf(configuration),
    control,
    directory,
    tiers: configuration.tiers,
    prefix: configuration.prefix,
    gates: configuration.gates,
    contextNames: configuration.contextNames,
    logger: log,
  });
  return { ...shared, rampart, ...recording(shared, control) };
}

function recording(
  { configuration, log }: Pick<Gateway, 'configuration' | 'log'>,
  control: DurableControl | undefined,
) {
  const exposures = configuration.exposures && control !== undefined ? new ExposureLog({ control, log }) : undefined;
  return { control, killSwitch: killSwitchOf(configuration, control), exposures };
}

function controlOf(configuration: GatewayConfiguration, log: App['log'], { meter }: Metrics): DurableControl {
  const { database, secret, redis, relay, environment, maxStaleness } = configuration;
  return createControl({ database, secret, redis, relay, environment, maxStaleness, meter, logger: log });
}

function unleashOf({ unleash }: GatewayConfiguration) {
  const { url, token, appName, refreshInterval } = unleash;
  return { url, appName, refreshInterval, customHeaders: { Authorization: token } };
}

function killSwitchOf({ unleash }: GatewayConfiguration, control: DurableControl | undefined) {
  if (control === undefined) return undefined;
  const { adminToken, adminUrl = unleash.url.replace(/\/api\/?$/, '') } = unleash;
  const admin = adminToken === undefined ? undefined : createAdminClient({ url: adminUrl, token: adminToken });
  return createKillSwitch({ control, admin });
}
