import type { RouteShorthandOptions } from 'fastify';
import { z } from 'zod';
import { Refusal } from '../service/refusal.js';

export const JSON_TYPE = 'application/json; charset=utf-8';

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const context = z.record(z.string(), z.unknown()).describe('The evaluation context; `targetingKey` is the user.');
const request = z.object({ context: context.optional() });
const success = z.object({
  key: z.string(),
  value: z.unknown().optional().describe('Absent where the default of the code stands.'),
  reason: z.enum(['STATIC', 'TARGETING_MATCH', 'SPLIT', 'DISABLED', 'UNKNOWN']),
  variant: z.string().optional(),
  metadata: z.record(z.string(), scalar).optional(),
});
const errorCode = z.enum(['PARSE_ERROR', 'TARGETING_KEY_MISSING', 'INVALID_CONTEXT', 'GENERAL']);
const failure = z.object({ key: z.string(), errorCode, errorDetails: z.string().optional() });
const notFound = z.object({
  key: z.string(),
  errorCode: z.literal('FLAG_NOT_FOUND'),
  errorDetails: z.string().optional(),
});
const bulkFailure = z.object({ errorCode: z.string(), errorDetails: z.string().optional() });
const general = z.object({ errorDetails: z.string().optional() });
const eventStream = z.object({
  type: z.literal('sse'),
  endpoint: z.object({ requestUri: z.string() }),
  inactivityDelaySec: z.number().int().optional(),
});
const bulkSuccess = z.object({
  flags: z.array(z.union([success, failure])),
  eventStreams: z.array(eventStream).optional(),
});

// The schemas are the documentation. Requests are checked by hand, and answers are ready text: both are asked thousands of
// times a second.
const unchecked = {
  validatorCompiler: () => (value: unknown) => ({ value }),
  serializerCompiler: () => (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value)),
} as const;

const refusals = { 401: bulkFailure, 403: bulkFailure, 429: bulkFailure, 500: general, 503: bulkFailure };

export const SINGLE: RouteShorthandOptions = {
  ...unchecked,
  config: { callers: ['service', 'browser'], permission: 'evaluate', errors: 'ofrep' },
  schema: {
    tags: ['ofrep'],
    operationId: 'evaluateFlag',
    summary: 'Evaluate one flag',
    description:
      'Counted as one evaluation. An AI flag answers whether it is enabled, its decision in the metadata. Add `:boolean`, ' +
      '`:string`, `:number` or `:object` to the key to ask for another type; `:object` of an AI flag is the decision.',
    params: z.object({ key: z.string() }),
    body: request.nullish(),
    response: { 200: success, 400: failure, 404: notFound, ...refusals },
  },
};

export const BULK: RouteShorthandOptions = {
  ...unchecked,
  config: { callers: ['service', 'browser'], permission: 'evaluate', errors: 'ofrep' },
  schema: {
    tags: ['ofrep'],
    operationId: 'evaluateFlags',
    summary: 'Evaluate every flag',
    description: 'Counts nothing. `304` where the answer that the entity tag names still stands.',
    querystring: z.object({
      flagConfigEtag: z.string().optional(),
      flagConfigLastModified: z.string().optional(),
    }),
    headers: z.object({ 'if-none-match': z.string().optional() }),
    body: request.nullish(),
    response: { 200: bulkSuccess, 304: z.null().describe('Not modified'), 400: bulkFailure, ...refusals },
  },
};

/** The context of a request, which may have none. */
export function contextOf(body: unknown): unknown {
  if (body === undefined || body === null) return undefined;
  if (typeof body !== 'object' || Array.isArray(body))
    throw new Refusal(400, 'INVALID_CONTEXT', 'send an object with a context');
  const { context: stated } = body as { context?: unknown };
  return stated ?? undefined;
}
