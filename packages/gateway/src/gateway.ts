import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TenantDirectory } from '@rampart/core';
import type { DurableControl, Rampart } from '@rampart/sdk';
import type { KillSwitch } from '@rampart/sdk/operator';
import type { FastifyBaseLogger, FastifyInstance, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Permission, Principal } from './access/principal.js';
import type { GatewayConfiguration } from './configuration.js';
import type { ExposureLog } from './events/exposures.js';
import type { Metrics } from './service/metrics.js';
import type { Stopping } from './service/stopping.js';

/** The Fastify instance that routes are registered on; schemas are zod's. */
export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

/** What the routes are made of. */
export interface Gateway {
  readonly rampart: Rampart;
  /** Undefined where the gateway was given a control without a database: then nothing can be recorded through it. */
  readonly control: DurableControl | undefined;
  readonly killSwitch: KillSwitch | undefined;
  /** Facts about tenants, where there is somebody to ask. */
  readonly directory: TenantDirectory | undefined;
  /** Where AI decisions that are given out are noted; undefined where the configuration doesn't want that. */
  readonly exposures: ExposureLog | undefined;
  readonly configuration: GatewayConfiguration;
  readonly log: FastifyBaseLogger;
  /** Counts of this gateway; more are made with its `meter`. */
  readonly metrics: Metrics;
  /** Its `signal` aborts when event streams have to end. */
  readonly stopping: Stopping;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; set before the route's handler runs. Routes for anyone have none. */
    principal: Principal;
  }
  interface FastifyContextConfig {
    /** Who may call the route. A route that doesn't say is not registered. */
    callers?: 'anyone' | readonly Principal['kind'][];
    /** What a service's key needs besides. */
    permission?: Permission;
    /** How refusals are written. @default 'problem': RFC 9457 */
    errors?: 'problem' | 'ofrep' | 'unleash';
    /** Asked by machines that must always be answered: no limit of requests counts. @default false */
    isUnlimited?: boolean;
  }
}
