import type { Rampart, RampartOptions } from '@rampart/sdk';
import { guardRoutes, requireCallers } from './access/guard.js';
import type { GatewayConfigurationInput } from './configuration.js';
import { readConfiguration } from './configuration-schema.js';
import { serveEvents } from './events/index.js';
import { serveFrontend } from './frontend/index.js';
import type { App, Gateway } from './gateway.js';
import { joinParts } from './join-parts.js';
import { serveLimits } from './limits/index.js';
import { newApp } from './new-app.js';
import { serveOfrep } from './ofrep/index.js';
import { serveOperators } from './operators/index.js';
import { describeRoutes, serveDocumentation } from './service/documentation.js';
import { handleErrors } from './service/errors.js';
import { serveHealth } from './service/health.js';
import { readJsonBodies } from './service/json-body.js';
import { logRequests } from './service/logging.js';
import { measureRequests, serveMetrics } from './service/metrics-route.js';
import { answerUnknownRoutes } from './service/not-found.js';
import { speakToBrowsers } from './service/pages.js';
import { startAndStop } from './start-and-stop.js';
import { serveTenants } from './tenants/index.js';
import { serveWebhook } from './webhook/index.js';

/** Options of {@link createGateway}: the configuration, and what only code can give. */
export interface GatewayOptions extends GatewayConfigurationInput {
  /**
   * Decisions from parts that the service has already; the gateway then neither starts nor closes them, and `unleash`,
   * `database` and their like are not used. Its context names, tiers, prefix, gates and directory count here as well; one that
   * is stated here too has to be the same. Its control has to be what `createControl` made, or nothing can be recorded.
   * @default built from the configuration
   */
  readonly rampart?: Rampart | undefined;
  /**
   * Creates or updates the tables of a database server at the first use. Where it is false, `/readyz` answers 503 and AI flags
   * stay closed until `rampart migrate` has run; `rampart serve` works so. An embedded folder is always created.
   * @default true
   */
  readonly migrate?: boolean | undefined;
  /** Facts about a tenant that neither contexts nor tokens carry. @default that of the given `rampart`, or none */
  readonly directory?: RampartOptions['directory'];
  /** Where lines of the log go, each as JSON. @default standard output */
  readonly logTo?: { write(line: string): void } | undefined;
}

/** Everything that is served, one line each. */
const ROUTES: readonly ((app: App, gateway: Gateway) => void)[] = [
  serveOfrep,
  serveFrontend,
  serveTenants,
  serveOperators,
  serveEvents,
  serveWebhook,
  serveLimits,
  serveHealth,
  serveMetrics,
  serveDocumentation,
];

/**
 * The gateway as a Fastify instance: `listen` it, or mount it in a service of your own. It is stopped by `stopGateway`, or at
 * once by its `close`.
 *
 * @throws TypeError that names the option, its value and the fix
 */
export function createGateway({ rampart, directory, logTo, migrate, ...input }: GatewayOptions): App {
  const configuration = readConfiguration(input);
  const app = newApp(configuration, logTo);
  const gateway = joinParts({ configuration, stated: { ...input, directory }, log: app.log, rampart, migrate });
  handleErrors(app);
  readJsonBodies(app);
  requireCallers(app);
  answerUnknownRoutes(app);
  logRequests(app, gateway);
  measureRequests(app, gateway);
  speakToBrowsers(app, gateway);
  describeRoutes(app);
  app.register(
    // In the order of registration: who is refused is told so with the headers that let a page read it.
    atRoot((scope) => {
      guardRoutes(scope, gateway);
      for (const serve of ROUTES) serve(scope, gateway);
    }),
  );
  startAndStop(app, gateway, rampart === undefined);
  return app;
}

/** A plugin whose hooks count for every route. */
function atRoot(plugin: (app: App) => void) {
  const whole = (app: unknown, _options: unknown, done: () => void): void => {
    plugin(app as App);
    done();
  };
  return Object.assign(whole, { [Symbol.for('skip-override')]: true });
}
