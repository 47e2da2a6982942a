import { STATUS_CODES } from 'node:http';
import { isControlInputError } from '@rampart/core';
import { isConflictError, isLimitError, isOutcomeUnknownError, isReusedIdError, isStoreError } from '@rampart/sdk';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { App } from '../gateway.js';
import { idempotencyKeyOf } from './idempotency.js';
import { isRefusal, Refusal } from './refusal.js';
import { writeRefusal } from './refusal-shapes.js';

/** Shows refusals to callers as the protocol of the route wants them, and keeps what went wrong inside to itself. */
export function handleErrors(app: App): void {
  app.setErrorHandler((error: FastifyError, request, reply) => answerError(error, request, reply));
}

/** Answers an error; also one that Fastify found before there was a route. */
export function answerError(error: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const refusal = isOutcomeUnknownError(error) ? outcomeUnknown(error.id, request) : refusalOf(error);
  if (refusal.statusCode >= 500) {
    const cause = isExpected(error) ? { code: error.code } : { err: error };
    request.log.error({ requestId: request.id, ...cause, route: request.routeOptions.url }, 'a request failed');
  }
  return writeRefusal(refusal, request, reply);
}

/** Whether it is said on purpose and passes: where it was thrown helps nobody, and an outage brings many. */
function isExpected(error: Error): error is Refusal {
  return isRefusal(error) && error.retryAfter !== undefined;
}

// Fastify's own messages repeat what was sent.
const OF_FASTIFY: Readonly<Record<string, readonly [status: number, code: string, message: string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'unsupported_media_type', 'send the body as application/json'],
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'too_large', 'the body is too large'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'invalid_request', "the body's length is not what Content-Length says"],
  FST_ERR_CTP_EMPTY_JSON_BODY: [400, 'invalid_json', 'the body is empty: send JSON'],
  FST_ERR_CTP_INVALID_JSON_BODY: [400, 'invalid_json', 'the body is no valid JSON'],
  FST_ERR_BAD_URL: [400, 'invalid_request', 'the path is not well encoded'],
  FST_ERR_MAX_PARAM_LENGTH: [414, 'uri_too_long', 'a part of the path is too long'],
};

function refusalOf(error: FastifyError | Error): Refusal {
  if (isRefusal(error)) return error;
  if (isReusedIdError(error)) {
    const message =
      'Idempotency-Key: it was sent with another content before: repeat that request unchanged, or send a new key';
    return new Refusal(422, 'idempotency_key_reused', message);
  }
  if (hasZodFastifySchemaValidationErrors(error)) return invalid(error);
  if (isControlInputError(error)) return new Refusal(400, 'invalid_request', `${error.field}: ${error.fix}`);
  if (isConflictError(error)) return new Refusal(409, 'conflict', 'somebody changed it meanwhile: read it again');
  if (isLimitError(error)) return new Refusal(422, 'limit_reached', error.message);
  if (isStoreError(error))
    return new Refusal(503, 'database_unavailable', 'the database can not be used now: try again', { retryAfter: 5 });
  const { code = '', statusCode = 500 }: Partial<FastifyError> = error;
  const known = Object.hasOwn(OF_FASTIFY, code) ? OF_FASTIFY[code] : undefined;
  if (known !== undefined) return new Refusal(...known);
  if (statusCode >= 400 && statusCode < 500)
    return new Refusal(statusCode, 'invalid_request', STATUS_CODES[statusCode] ?? 'this request can not be served');
  return new Refusal(500, 'internal', 'something went wrong here; it is in the log under the request id');
}

function outcomeUnknown(id: string, request: FastifyRequest): Refusal {
  const message =
    'the database did not answer the commit: the change may be recorded; repeat the request with the Idempotency-Key of this answer';
  const details = { id, idempotencyKey: idempotencyKeyOf(request) };
  return new Refusal(503, 'outcome_unknown', message, { retryAfter: 1, details });
}

/** Longest part of a path that is named. */
const PLAIN = /^[\w.-]{1,64}$/;

/** Names the field and the fix. A name that no schema of ours would hold came from the caller, and is left out. */
function invalid({ validation = [], validationContext }: FastifyError): Refusal {
  const [first] = validation;
  const path = (first?.instancePath ?? '').split('/').filter((part) => part !== '');
  const field = [validationContext ?? 'request', ...path.map((part) => (PLAIN.test(part) ? part : '…'))].join('.');
  const fix = first?.keyword === 'unrecognized_keys' ? 'it has a field that is not known here' : first?.message;
  return new Refusal(400, 'invalid_request', `${field}: ${fix ?? 'it can not be used'}`, { details: { field } });
}
