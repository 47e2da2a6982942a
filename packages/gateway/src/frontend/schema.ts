import type { RouteShorthandOptions } from 'fastify';
import { z } from 'zod';

const payload = z.object({ type: z.string(), value: z.string() });
const toggle = z.object({
  name: z.string(),
  enabled: z.boolean(),
  variant: z.object({
    name: z.string(),
    enabled: z.boolean(),
    payload: payload.optional(),
    feature_enabled: z.boolean(),
    featureEnabled: z.boolean(),
  }),
  impressionData: z.boolean(),
  decision: z.looseObject({ outcome: z.string(), enabled: z.boolean() }).optional(),
});
const toggles = z.object({ toggles: z.array(toggle) });
const context = z
  .object({
    userId: z.string().optional(),
    sessionId: z.string().optional(),
    appName: z.string().optional(),
    environment: z.string().optional(),
    remoteAddress: z.string().optional(),
    currentTime: z.string().optional(),
    properties: z.record(z.string(), z.unknown()).optional(),
  })
  .loose();

const told = {
  flagConfigEtag: z
    .string()
    .optional()
    .describe('`etag` of the event that made the page ask: answered from nothing older.'),
};

const refusal = z.object({ name: z.string().optional(), message: z.string().optional() }).loose();
const refusals = { 400: refusal, 401: refusal, 403: refusal, 429: refusal, 500: refusal, 503: refusal };

// The schemas are the documentation: answers are ready text, and stock clients send more than they say.
const unchecked = {
  validatorCompiler: () => (value: unknown) => ({ value }),
  serializerCompiler: () => (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value)),
} as const;
const config = { callers: ['browser'], errors: 'unleash' } as const;
const response = { 200: toggles, 304: z.null().describe('Not modified'), ...refusals };
const description =
  'What is enabled in this context, as Unleash lists it. AI features add their `decision`; those that need consent, another ' +
  'plan, or are switched off, are listed as not enabled.';

export const GET_TOGGLES: RouteShorthandOptions = {
  ...unchecked,
  config,
  schema: {
    tags: ['frontend'],
    operationId: 'getToggles',
    summary: 'Toggles, the context in the query',
    description: `${description} Properties are written \`properties[name]=value\`.`,
    querystring: context.omit({ properties: true }).extend(told),
    response,
  },
};

export const POST_TOGGLES: RouteShorthandOptions = {
  ...unchecked,
  config,
  schema: {
    tags: ['frontend'],
    operationId: 'postToggles',
    summary: 'Toggles, the context in the body',
    description,
    querystring: z.object(told),
    body: z.object({ context: context.optional() }),
    response,
  },
};

const count = z.number().int().min(0);

export const METRICS: RouteShorthandOptions = {
  ...unchecked,
  config,
  schema: {
    tags: ['frontend'],
    operationId: 'addClientMetrics',
    summary: 'Add what a client counted',
    body: z
      .object({
        appName: z.string(),
        bucket: z
          .object({
            toggles: z.record(
              z.string(),
              z.object({
                yes: count.optional(),
                no: count.optional(),
                variants: z.record(z.string(), count).optional(),
              }),
            ),
          })
          .loose(),
      })
      .loose(),
    response: { 202: z.null().describe('Taken'), ...refusals },
  },
};

export const REGISTER: RouteShorthandOptions = {
  ...unchecked,
  config,
  schema: {
    tags: ['frontend'],
    operationId: 'registerClient',
    summary: 'A client says that it is there',
    body: z.object({ appName: z.string() }).loose(),
    response: { 202: z.null().describe('Taken'), ...refusals },
  },
};
