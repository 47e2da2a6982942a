import type { TenantDirectory } from '@rampart/core';
import type { Rampart } from '@rampart/sdk';
import { createControl, createRampart, DurableControl } from '@rampart/sdk';
import { createAdminClient, createKillSwitch } from '@rampart/sdk/operator';
import { fastify } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { guardRoutes } from './access/guard.js';
import type { GatewayConfiguration, GatewayConfigurationInput } from './configuration.js';
import { configurationSchema } from './configuration-schema.js';
import type { App, Gateway } from './gateway.js';
import { serveOfrep } from './ofrep/index.js';
import { handleErrors } from './service/errors.js';
import { serveHealth } from './service/health.js';

/** Options of {@link createGateway}: the configuration, and what only code can give. */
export interface GatewayOptions extends GatewayConfigurationInput {
  /**
   * Decisions from parts that the service has already; the gateway then neither starts nor closes them, and `unleash`,
   * `database` and their like are not used. Its control has to be what `createControl` made, or nothing can be recorded.
   * @default built from the configuration
   */
  readonly rampart?: Rampart | undefined;
  /** Facts about a tenant that neither contexts nor tokens carry. @default none */
  readonly directory?: TenantDirectory | undefined;
}

/**
 * The gateway as a Fastify instance: `listen` it, or mount it in a service of your own.
 *
 * @throws TypeError that names the option, its value and the fix
 */
export function createGateway({ rampart: given, directory, ...input }: GatewayOptions): App {
  const configuration = readConfiguration(input);
  const app = newApp(configuration);
  const gateway = join(configuration, app, given, directory);
  handleErrors(app);
  guardRoutes(app, gateway);
  for (const serve of [serveHealth, serveOfrep]) serve(app, gateway);
  if (given === undefined) startAndStop(app, gateway);
  return app;
}

/** Checks a configuration and fills the defaults in. @throws TypeError that names the field and the fix, never a secret */
export function readConfiguration(input: unknown): GatewayConfiguration {
  const result = configurationSchema.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const at = issue?.path.join('.') ?? '';
  throw new TypeError(`gateway: ${at === '' ? '' : `${at}: `}${issue?.message ?? 'the configuration is wrong'}`);
}

function newApp({ limits, logLevel, trustedProxies }: GatewayConfiguration): App {
  const app = fastify({
    logger: { level: logLevel },
    disableRequestLogging: true,
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTimeout,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    http: { maxHeaderSize: limits.headerBytes },
    forceCloseConnections: 'idle',
  }).withTypeProvider<ZodTypeProvider>();
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  return app as unknown as App;
}

function join(
  configuration: GatewayConfiguration,
  { log }: App,
  given: Rampart | undefined,
  directory: TenantDirectory | undefined,
): Gateway {
  if (given !== undefined) {
    const control = given.control instanceof DurableControl ? given.control : undefined;
    return { rampart: given, control, killSwitch: killSwitchOf(configuration, control), configuration, log };
  }
  const control = controlOf(configuration, log);
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
  return { rampart, control, killSwitch: killSwitchOf(configuration, control), configuration, log };
}

function controlOf(configuration: GatewayConfiguration, log: App['log']): DurableControl {
  const { database, secret, redis, relay, environment, maxStaleness } = configuration;
  return createControl({ database, secret, redis, relay, environment, maxStaleness, logger: log });
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

function startAndStop(app: App, { rampart, control, log }: Gateway): void {
  // A gateway comes up, unready and closed for AI, also where Unleash or the database is down: both are tried on.
  app.addHook('onReady', (done) => {
    rampart.provider.initialize().catch((error: Error) => log.error(`rampart: ${error.message}`));
    done();
  });
  app.addHook('onClose', async () => {
    await rampart.close();
    await control?.close();
  });
}
