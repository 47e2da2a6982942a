import { DEFAULT_PREFIX, ladderProblem, SHORTEST_SECRET, secretText } from '@rampart/core';
import { z } from 'zod';
import { PERMISSIONS } from './access/principal.js';
import type { GatewayConfiguration, GatewayConfigurationInput } from './configuration.js';
import { ConfigurationError } from './configuration-error.js';
import { networkSchema as network } from './network-schema.js';
import { redisSchema as redis } from './redis-schema.js';

const name = z.string().min(1, 'must not be empty').max(200, 'use at most 200 characters');
const names = z.array(name);
const url = z.url({ protocol: /^https?$/, error: 'use an http or https address' });
/** An address that paths are added to. */
const baseUrl = url.transform((address) => address.replace(/\/+$/, ''));
const whole = (least: number, most = 2 ** 31 - 1) => z.int().min(least).max(most);
const hash = z
  .string()
  .regex(
    /^sha256:[0-9a-f]{64}$/,
    'use what `rampart key` printed: sha256: and 64 hexadecimal digits, never the key itself',
  );

const key = z.strictObject({
  name: name.describe('Shown in logs and in the audit trail.'),
  hash: hash.describe('SHA-256 of the key.'),
  role: z.enum(['service', 'operator']).default('service'),
  may: z.array(z.enum(PERMISSIONS)).default(['evaluate', 'track']).describe('What a service may ask for.'),
  flags: names.default(['*']).describe('Flags it may ask about: names, or beginnings with * at the end.'),
  environments: names.optional().describe('Where the key counts; others refuse it. Default: everywhere.'),
});

const frontend = z.strictObject({
  tokens: z
    .array(z.strictObject({ name, hash, projects: names.optional() }))
    .default([])
    .describe('Tokens of pages, besides those that Unleash knows.'),
  askUnleash: z.boolean().default(true).describe("Lets in what Unleash's own frontend tokens let in."),
});

const claims = z.strictObject({
  userId: name.default('sub'),
  tenantId: name.default('tenant_id'),
  tier: name.default('tier'),
  region: name.default('region'),
  labels: name.default('labels'),
  cohorts: name.default('cohorts'),
  aiOptOut: name.default('ai_opt_out'),
  roles: name.default('roles'),
});

const identity = z
  .strictObject({
    issuer: z.string().min(1),
    audience: z.string().min(1),
    algorithms: z
      .array(
        z.enum([
          'RS256',
          'RS384',
          'RS512',
          'PS256',
          'PS384',
          'PS512',
          'ES256',
          'ES384',
          'ES512',
          'EdDSA',
          'HS256',
          'HS384',
          'HS512',
        ]),
      )
      .min(1, 'name the algorithm of your tokens'),
    jwksUrl: url.optional().describe('Where the keys of the issuer are published.'),
    sharedKey: z
      .string()
      .overwrite(secretText)
      .min(32, 'use at least 32 characters')
      .optional()
      .describe('For HS256 and its like.'),
    clockTolerance: whole(0, 300).default(5).describe('In seconds.'),
    claims: claims.prefault({}).describe('Which claim holds what; dots lead into objects.'),
    adminRole: name.default('ai_admin').describe('The role of those who decide for their tenant.'),
    operatorRole: name.default('ai_operator').describe('The role of those who may act for everyone.'),
  })
  .refine((value) => (value.jwksUrl === undefined) !== (value.sharedKey === undefined), {
    error: 'set either jwksUrl or sharedKey',
  })
  .refine(
    (value) => value.algorithms.every((algorithm) => algorithm.startsWith('HS') === (value.sharedKey !== undefined)),
    {
      error: 'HS256, HS384 and HS512 go with sharedKey, every other with jwksUrl',
      path: ['algorithms'],
    },
  );

const rate = (points: number) =>
  z.strictObject({
    points: whole(1).default(points).describe('Requests'),
    seconds: whole(1, 86_400).default(1).describe('in so many seconds.'),
  });

const limits = z.strictObject({
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

/** What a file or an object has to look like; checked once, at the edge. */
const configurationSchema: z.ZodType<GatewayConfiguration, GatewayConfigurationInput> = z.strictObject({
  host: name.default('127.0.0.1').describe('Address to listen on; 0.0.0.0 for every one.'),
  port: whole(0, 65_535).default(8_080),
  environment: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'use letters, digits, _ - and . only, 64 at most')
    .default('default')
    .describe("Names this gateway's place: keys may be bound to it, and processes that share a Redis share the name."),
  unleash: z.strictObject({
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
  database: z
    .union([z.string().min(1), z.strictObject({ folder: z.string().min(1) })])
    .default({ folder: './rampart-data' })
    .describe('postgres://…, mysql://…, or the folder of an embedded one, which belongs to one process.'),
  secret: z
    .string()
    .overwrite(secretText)
    .min(SHORTEST_SECRET, `use at least ${SHORTEST_SECRET} characters`)
    .describe('Signs the control log; the same for every process.'),
  redis: redis
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
  contextNames: z.record(z.string(), name).optional(),
  keys: z.array(key).default([]),
  frontend: frontend.prefault({}),
  identity: identity
    .optional()
    .describe('How tokens of users are checked. Without it nobody is a user, a tenant admin or an operator by token.'),
  origins: z
    .array(z.string())
    .default([])
    .describe('Pages that may ask: origins, or * for all. Default: none but the same origin.'),
  allowedHeaders: z
    .array(z.string().regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/, 'use names of request headers, e.g. x-my-trace'))
    .default([])
    .describe('More request headers that pages of origins may send.'),
  webhookSecret: z.string().min(16, 'use at least 16 characters').optional(),
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
});

/** Checks a configuration and fills the defaults in. @throws ConfigurationError */
export function readConfiguration(input: unknown): GatewayConfiguration {
  const result = configurationSchema.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new ConfigurationError((issue?.path ?? []).join('.'), issue?.message ?? 'it can not be used');
}
