import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import cors from '@fastify/cors';
import type { FastifyRequest } from 'fastify';
import helmet from 'helmet';
import type { App, Gateway } from '../gateway.js';

/** What stock clients send: Unleash's and OFREP's, and ours. */
const ACCEPTED = [
  'authorization',
  'content-type',
  'if-none-match',
  'x-rampart-identity',
  'x-request-id',
  'unleash-appname',
  'unleash-connection-id',
  'unleash-sdk',
  'unleash-instanceid',
  'x-unleash-appname',
  'x-unleash-connection-id',
  'x-unleash-sdk',
];

/** What tracing adds to the requests of a page: without these, its preflight fails and the page has no flags at all. */
const TRACING = [
  'baggage',
  'traceparent',
  'tracestate',
  'sentry-trace',
  'b3',
  ...['traceid', 'spanid', 'parentspanid', 'sampled', 'flags'].map((name) => `x-b3-${name}`),
  ...['origin', 'parent-id', 'sampled', 'sampling-priority', 'tags', 'trace-id'].map((name) => `x-datadog-${name}`),
  'newrelic',
  'x-newrelic-id',
  'x-newrelic-transaction',
  'elastic-apm-traceparent',
  'x-dtpc',
  'x-dtreferer',
  'x-dynatrace',
  'uber-trace-id',
  'x-amzn-trace-id',
  'x-cloud-trace-context',
  'x-instana-l',
  'x-instana-s',
  'x-instana-t',
  'request-id',
  'request-context',
  'correlation-context',
  'x-correlation-id',
  'x-requested-with',
];

/** What counts for an answer that is no page: the others of helmet's say how a page may be shown and what it may load. */
const OF_ANSWERS = ['content-security-policy', 'strict-transport-security', 'x-content-type-options'];

/** Headers that browsers act on: the origins that may ask, and that no answer is a page to be framed or sniffed. */
export function speakToBrowsers(app: App, { configuration: { origins, allowedHeaders } }: Gateway): void {
  if (origins.length > 0)
    app.register(cors, {
      origin: origins.includes('*') ? '*' : [...origins],
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
      allowedHeaders: [...new Set([...ACCEPTED, ...TRACING, ...allowedHeaders.map((name) => name.toLowerCase())])],
      exposedHeaders: ['etag', 'retry-after', 'x-request-id'],
      maxAge: 600,
      // A page is told why it was refused also where its preflight lacks a header.
      strictPreflight: false,
    });
  // The same for every answer: computed for each, they would cost more than a decision.
  const ofPages = securityHeaders();
  const ofAnswers = Object.fromEntries(OF_ANSWERS.map((name) => [name, ofPages[name]]));
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    reply.headers(isDocumentation(request) ? ofPages : ofAnswers);
    done();
  });
}

const isDocumentation = ({ raw }: FastifyRequest): boolean => raw.url?.startsWith('/docs') === true;

function securityHeaders(): OutgoingHttpHeaders {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  const middleware = helmet({
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    // Answers are for pages of other origins, which CORS decides about.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    strictTransportSecurity: { maxAge: 31_536_000, includeSubDomains: false },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
  });
  middleware(response.req, response, (error) => {
    if (error instanceof Error) throw error;
  });
  return { ...response.getHeaders() };
}
