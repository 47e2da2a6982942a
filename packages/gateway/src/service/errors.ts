import type { FastifyError } from 'fastify';
import type { App } from '../gateway.js';
import { isRefusal } from './refusal.js';

/** Shows refusals to callers, and keeps what went wrong inside to itself. */
export function handleErrors(app: App): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500 && !isRefusal(error)) {
      request.log.error({ err: error }, 'a request failed');
      return reply
        .code(500)
        .type('application/problem+json')
        .send({ status: 500, title: 'Internal error', code: 'internal' });
    }
    const code = isRefusal(error) ? error.code : 'bad_request';
    return reply.code(status).type('application/problem+json').send({ status, title: error.message, code });
  });
}
