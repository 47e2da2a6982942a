import { STATUS_CODES } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Refusal } from './refusal.js';

type Shape = (refusal: Refusal, request: FastifyRequest, reply: FastifyReply) => FastifyReply;

/** Writes a refusal as the protocol of its route wants it. */
export function writeRefusal(refusal: Refusal, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { statusCode, retryAfter } = refusal;
  if (retryAfter !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(retryAfter)));
  if (statusCode === 401) reply.header('www-authenticate', 'Bearer');
  reply.code(statusCode).header('cache-control', 'no-store');
  const wanted = request.routeOptions.config?.errors ?? protocolOf(request.url);
  return SHAPES[wanted](refusal, request, reply);
}

/** Of what is no route, by where it was looked for. */
function protocolOf(url: string): keyof typeof SHAPES {
  if (url.startsWith('/ofrep/')) return 'ofrep';
  return url.startsWith('/api/') ? 'unleash' : 'problem';
}

/** RFC 9457. */
const problem: Shape = ({ statusCode: status, code, message: detail, details }, _request, reply) =>
  reply
    .type('application/problem+json')
    .serializer(JSON.stringify)
    .send({ type: 'about:blank', title: STATUS_CODES[status], status, detail, code, ...details });

const OFREP_CODES = [
  'PARSE_ERROR',
  'TARGETING_KEY_MISSING',
  'INVALID_CONTEXT',
  'GENERAL',
  'FLAG_NOT_FOUND',
  'TYPE_MISMATCH',
];
const FLAG_NAME = /^[\w.~-]{1,100}(?::[a-z]{1,10})?$/;

/** A failed evaluation names its flag; a failed bulk has none to name. */
const ofrep: Shape = ({ code, message: errorDetails }, { params }, reply) => {
  const { key } = (params ?? {}) as { readonly key?: string };
  const errorCode = OFREP_CODES.includes(code) ? code : code === 'invalid_json' ? 'PARSE_ERROR' : 'GENERAL';
  return reply
    .type('application/json')
    .serializer(JSON.stringify)
    .send({ ...(key !== undefined && FLAG_NAME.test(key) ? { key } : {}), errorCode, errorDetails });
};

const UNLEASH_NAMES: Readonly<Record<number, string>> = {
  400: 'BadDataError',
  401: 'AuthenticationRequired',
  403: 'NoAccessError',
  404: 'NotFoundError',
  415: 'ContentTypeError',
};

const unleash: Shape = ({ statusCode, message }, _request, reply) =>
  reply
    .type('application/json')
    .serializer(JSON.stringify)
    .send({ name: UNLEASH_NAMES[statusCode] ?? 'GenericError', message, details: [{ message }] });

const SHAPES = { problem, ofrep, unleash };
