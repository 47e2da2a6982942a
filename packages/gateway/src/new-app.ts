import { fastify, LogController } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { trustOf } from './access/address.js';
import type { GatewayConfiguration } from './configuration.js';
import type { App } from './gateway.js';
import { answerError } from './service/errors.js';
import { keepTicksFast } from './service/fast-ticks.js';
import { requestId } from './service/logging.js';
import { withSingleSlashes } from './service/one-slash.js';

/** Longest part of a path: ids of tenants and users, and a flag's name with its type. */
const LONGEST_PART = 300;

/** How often Node looks for requests that take too long: every 30 s by default, so that 10 s would be up to 40 s. */
const CHECK_INTERVAL_MS = 500;

/** Fastify as this gateway wants it: bounded, without lines or words of its own about a request. */
export function newApp(
  { limits, logLevel, trustedProxies }: GatewayConfiguration,
  logTo: { write(line: string): void } | undefined,
): App {
  keepTicksFast();
  const app = fastify({
    logger: { level: logLevel, ...(logTo === undefined ? {} : { stream: logTo }) },
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTimeout,
    trustProxy: trustedProxies.length === 0 ? false : trustOf(trustedProxies),
    http: {
      maxHeaderSize: limits.headerBytes,
      requestTimeout: limits.requestTimeout,
      // Node waits 60 s for the headers unless it is told otherwise.
      headersTimeout: limits.requestTimeout,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
    },
    routerOptions: { maxParamLength: LONGEST_PART },
    rewriteUrl: ({ url = '/' }) => withSingleSlashes(url),
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => {
      answerError(error, request, reply);
    },
  }).withTypeProvider<ZodTypeProvider>();
  // A child logger for each request costs more than a decision, and few requests log. Lines name the request themselves.
  app.setChildLoggerFactory((logger) => logger);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  return app;
}
