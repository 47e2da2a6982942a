import { DEFAULT_CONTEXT_NAMES, DEFAULT_PREFIX, ladderProblem, MIN_SECRET_LENGTH, secretText } from '@rampart/core';
import { z } from 'zod';
import type { GatewayConfiguration, GatewayConfigurationInput } from './configuration.js';
import { ConfigurationError } from './configuration-error.js';
import { describeIssue, problemOf } from './configuration-problems.js';
import { databaseSchema } from './database-schema.js';
import { name, url, whole } from './field-schemas.js';
import { identitySchema } from './identity-schema.js';
import { keySchema, pageTokenSchema, requireDistinctCredentials } from './key-schema.js';
import { networkSchema as network } from './network-schema.js';
import { originSchema } from './origin-schema.js';
import { redisSchema } from './redis-schema.js';
import { ALWAYS, settingsOf } from './settings-schema.js';

/** An address that paths are added to. */
const baseUrl = url.transform((address) => address.replace(/\/+$/, ''));

const controlSecret = z
  .string()
  .overwrite(secretText)
  .min(MIN_SECRET_LENGTH, `use at least ${MIN_SECRET_LENGTH} characters`);

const frontend = settingsOf({
  tokens: z.array(pageTokenSchema).default([]).describe('Tokens of pages, besides those that Unleash knows.'),
  askUnleash: z.boolean().default(true).describe("Lets in what Unleash's own frontend tokens let in."),
});

const rate = (points: number) =>
  settingsOf({
    points: whole(1).default(points).describe('Requests'),
    seconds: whole(1, 86_400).default(1).describe('in so many seconds.'),
  });

const limits = settingsOf({
  perKey: rate(10_000).prefault({}).describe('For each service and operator key.'),
  perUser: rate(50).prefault({}).describe('For each user whose token was checked.'),
  perAddress: rate(200).prefault({}).describe("For each address that brings neither a key nor a user's token."),
  refusedPerAddress: rate(20).prefault({}).describe('Requests whose credentials were refused.'),
  bodyBytes: whole(1_024, 16 * 1_024 * 1_024).default(256 * 1_024),
  headerBytes: whole(1_024, 65_536).default(16 * 1_024),
  attributes: whole(1, 1_000).default(100).describe('Attributes of a context.'),
  attributeDepth: whole(1, 16).default(4),
  contextBytes: whole(256, 1_024 * 1_024).default(8 * 1_024),
  streams: whole(1, 1_000_000).default(20_000).describe('Open event streams.'),
  streamsPerUser: whole(1, 10_000).default(20),
  requestTimeout: whole(100, 600_000).default(10_000).describe('In milliseconds.'),
});

const contextNames = settingsOf(
  Object.fromEntries(Object.keys(DEFAULT_CONTEXT_NAMES).map((fact) => [fact, name.optional()])),
);

/** What a file or an object has to look like; checked once, at the edge. */
const configurationSchema: z.ZodType<GatewayConfiguration, GatewayConfigurationInput> = settingsOf({
  host: name.default('127.0.0.1').describe('Address to listen on; 0.0.0.0 for every one.'),
  port: whole(0, 65_535).default(8_080),
  environment: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'use letters, digits, _ - and . only, 64 at most')
    .default('default')
    .describe("Names this gateway's place: keys may be bound to it, and processes that share a Redis share the name."),
  unleash: settingsOf({
    url: baseUrl.describe('What an Unleash SDK takes, e.g. https://unleash.example.com/api'),
    token: z.string().overwrite(secretText).min(1).describe('A client token; it decides which environment is served.'),
    appName: name.default('rampart-gateway'),
    refreshInterval: whole(100).default(5_000).describe('In milliseconds.'),
    adminUrl: baseUrl.optional().describe('The server itself. Default: the url without /api.'),
    adminToken: z
      .string()
      .overwrite(secretText)
      .min(1)
      .optional()
      .describe('Lets a kill switch the flag off in Unleash too.'),
  }),
  database: databaseSchema
    .default({ folder: './rampart-data' })
    .describe('postgres://…, mysql://…, or the folder of an embedded one, which belongs to one process.'),
  secret: controlSecret.describe('Signs the control log; the same for every process.'),
  acceptedSecrets: z
    .array(controlSecret)
    .default([])
    .describe('Secrets that count beside secret: the next one before a rotation, the former one after it.'),
  redis: redisSchema
    .optional()
    .describe('One server, Sentinels or a cluster: with it and a database server, any number of gateways are one.'),
  relay: z.enum(['follow', 'serve']).optional(),
  maxStaleness: whole(500)
    .default(5_000)
    .describe("In milliseconds: what can't be shown younger is unknown, and closes."),
  tiers: z
    .array(name)
    .min(1)
    .superRefine((tiers, context) => {
      const message = ladderProblem(tiers);
      if (message !== undefined) context.addIssue({ code: 'custom', message });
    })
    .optional(),
  prefix: z.string().default(DEFAULT_PREFIX),
  gates: z.record(name, name).optional(),
  contextNames: contextNames.optional(),
  keys: z.array(keySchema).default([]),
  frontend: frontend.prefault({}),
  identity: identitySchema
    .optional()
    .describe('How tokens of users are checked. Without it nobody is a user, a tenant admin or an operator by token.'),
  origins: z
    .array(originSchema)
    .default([])
    .describe('Pages that may ask: origins, or * for all. Default: none but the same origin.'),
  allowedHeaders: z
    .array(z.string().regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/, 'use names of request headers, e.g. x-my-trace'))
    .default([])
    .describe('More request headers that pages of origins may send.'),
  webhookSecret: z.string().overwrite(secretText).min(16, 'use at least 16 characters').optional(),
  exposures: z
    .boolean()
    .default(false)
    .describe('Records an exposure for each AI decision that was served open, for the exposure audit.'),
  eventDays: whole(1, 36_500)
    .default(180)
    .describe('How long measurements and exposures are kept, in days. Labels of tenants stay.'),
  limits: limits.prefault({}),
  streamSeconds: whole(1, 86_400)
    .default(3_600)
    .describe('How long one event stream lives; clients come back by themselves.'),
  trustedProxies: z.array(network).default([]).describe('Addresses or ranges whose X-Forwarded-For is believed.'),
  docs: z.boolean().default(true).describe('Serves /docs.'),
  metrics: z.enum(['keys', 'anyone']).default('keys').describe('Who may read /metrics.'),
  drainDelay: whole(0, 600_000).default(0).describe('In milliseconds: served on while /readyz says 503.'),
  stopTimeout: whole(0, 600_000).default(10_000).describe('In milliseconds: for stopping as a whole, after the drain.'),
  logLevel: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
})
  .superRefine(requireDistinctCredentials, ALWAYS)
  .superRefine(requireRedisForRelay, ALWAYS);

function requireRedisForRelay(value: unknown, context: z.core.$RefinementCtx): void {
  const { relay, redis } = (value ?? {}) as Partial<GatewayConfiguration>;
  if (relay !== undefined && redis === undefined)
    context.addIssue({ code: 'custom', path: ['relay'], message: 'relays speak through Redis: set redis too' });
}

/**
 * Checks a configuration and fills the defaults in.
 *
 * @throws ConfigurationError that names every problem
 */
export function readConfiguration(input: unknown): GatewayConfiguration {
  const result = configurationSchema.safeParse(input, { error: describeIssue });
  if (result.success) return result.data;
  throw new ConfigurationError(result.error.issues.map((issue) => problemOf(issue, input)));
}
