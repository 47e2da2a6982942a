import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { App, Gateway } from '../gateway.js';

/** What is asked by machines every few seconds. */
const QUIET = new Set(['/healthz', '/readyz', '/metrics']);

/** One line for each request. It names the route and never the path, which holds ids of tenants and users. */
export function logRequests(app: App, { configuration: { logLevel } }: Gateway): void {
  if (logLevel !== 'info' && logLevel !== 'debug') return;
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const line = {
      requestId: request.id,
      method: request.method,
      route,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      ...callerOf(request),
    };
    app.log[QUIET.has(route) ? 'debug' : 'info'](line, 'request');
    done();
  });
}

/** Keys and pages are named in the configuration; people are not named. */
function callerOf({ principal }: FastifyRequest): { readonly caller?: string; readonly key?: string } {
  if (principal === undefined) return {};
  const { kind } = principal;
  if (kind === 'service' || kind === 'browser') return { caller: kind, key: principal.name };
  return kind === 'operator' && principal.by === 'key' ? { caller: kind, key: principal.name } : { caller: kind };
}

const PLAIN = /^[\w.~-]{1,64}$/;
const STARTED = randomBytes(6).toString('hex');
let count = 0;

/** The caller's own id where it is a plain word, so that one request can be followed through services; else a new one. */
export function requestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  if (typeof given === 'string' && PLAIN.test(given)) return given;
  count += 1;
  return `${STARTED}-${count.toString(36)}`;
}
