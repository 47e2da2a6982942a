import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { createJsonSchemaTransform } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Principal } from '../access/principal.js';
import type { App, Gateway } from '../gateway.js';

type Kind = Principal['kind'];

/** What a caller of each kind sends. */
const CREDENTIALS: Readonly<Record<Kind, readonly Readonly<Record<string, readonly string[]>>[]>> = {
  service: [{ key: [] }],
  operator: [{ key: [] }, { userToken: [] }],
  admin: [{ userToken: [] }],
  browser: [{ frontendToken: [] }, { frontendToken: [], identity: [] }],
};

const SECURITY_SCHEMES = {
  key: {
    type: 'http',
    scheme: 'bearer',
    description: 'The key of a service or an operator, as `rampart key` made it.',
  },
  userToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The token of a tenant admin or an operator.',
  },
  frontendToken: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: "A frontend token of Unleash's, or of the configuration.",
  },
  identity: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Rampart-Identity',
    description: "The token (JWT) of the page's user.",
  },
} as const;

const TAGS = [
  { name: 'ofrep', description: 'OpenFeature Remote Evaluation Protocol' },
  { name: 'frontend', description: "Unleash's Frontend API, for clients as they are" },
  { name: 'tenants', description: "A tenant's consent and preferences" },
  { name: 'operators', description: 'Kill switches, overrides, audit' },
  { name: 'events', description: 'Measurements and feedback' },
  { name: 'limits', description: 'AI calls of a tenant in an hour' },
  { name: 'webhook', description: 'What Unleash calls' },
  { name: 'service', description: 'The gateway itself' },
];

const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('For people: the field and the fix.'),
    code: z.string().describe('For programs.'),
  })
  .describe('RFC 9457');
const REFUSAL = {
  problem: { 'application/problem+json': { schema: problem } },
  ofrep: {
    'application/json': {
      schema: z.object({ key: z.string().optional(), errorCode: z.string(), errorDetails: z.string() }),
    },
  },
  unleash: { 'application/json': { schema: z.object({ name: z.string(), message: z.string() }) } },
} as const;

/** Of routes that don't say more. */
const ANSWERED = { 200: { description: 'Answered', content: { 'application/json': { schema: z.unknown() } } } };

const transformZod = createJsonSchemaTransform({});

/** Collects what routes say of themselves; before any of them registers. */
export function describeRoutes(app: App): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Rampart gateway',
        version: '1',
        description: 'Decisions about AI features, and the consent, kill switches and measurements around them.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: 'Where this document was read' }],
      tags: TAGS,
      components: { securitySchemes: SECURITY_SCHEMES },
    },
    transform: (document) => {
      const { schema, url } = transformZod({ ...document, schema: described(document) });
      return { schema: tidy(schema) as typeof schema, url };
    },
  });
}

/** Zod names the schema of any JSON, which nests in itself, without saying what it is; and it makes unions of one. */
function tidy(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(tidy);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $ref, anyOf, ...rest } = schema as Readonly<Record<string, unknown>>;
  if (typeof $ref === 'string' && /\/schema\d+$/.test($ref)) return { description: 'Any JSON.' };
  if (Array.isArray(anyOf) && anyOf.length === 1) return tidy({ ...(anyOf[0] as object), ...rest });
  return Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, tidy(value)]));
}

type Described = Parameters<typeof transformZod>[0];

/** Adds what the route's configuration says: who may call it, and how it refuses. */
function described({ schema, route }: Described): Record<string, unknown> {
  const { callers, errors = 'problem' } = route.config ?? {};
  const responses = (schema as { readonly response?: object } | undefined)?.response;
  const refused = { description: 'Refused', content: REFUSAL[errors] };
  return {
    operationId: operationIdOf(String(route.method), route.url),
    ...schema,
    security: callers === undefined || callers === 'anyone' ? [] : securityOf(callers),
    response: { ...(responses ?? ANSWERED), '4xx': refused },
  };
}

function securityOf(callers: readonly Kind[]): readonly object[] {
  const all = callers.flatMap((kind) => CREDENTIALS[kind]);
  return [...new Map(all.map((entry) => [JSON.stringify(entry), entry])).values()];
}

function operationIdOf(method: string, url: string): string {
  const words = url.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return [method.toLowerCase(), ...words.map((word) => word[0]?.toUpperCase() + word.slice(1))].join('');
}

/** The document, and a page to read and try it. */
export function serveDocumentation(app: App, { configuration }: Gateway): void {
  app.get('/openapi.json', { config: { callers: 'anyone' }, schema: { hide: true } }, (_request, reply) =>
    reply.type('application/json').serializer(JSON.stringify).send(app.swagger()),
  );
  if (!configuration.docs) return;
  app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { displayRequestDuration: true, persistAuthorization: false, tryItOutEnabled: false },
    // Scripts and styles come from here alone; the page sends nothing elsewhere. Without upgrade-insecure-requests, which
    // would break it where the gateway is reached without TLS.
    staticCSP: {
      'default-src': "'none'",
      'connect-src': "'self'",
      'img-src': "'self' data:",
      'script-src': "'self'",
      'style-src': "'self' 'unsafe-inline'",
      'font-src': "'self' data:",
      'frame-ancestors': "'none'",
      'base-uri': "'none'",
      'form-action': "'none'",
    },
  });
}
