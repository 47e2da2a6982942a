import type { OutgoingHttpHeaders } from 'node:http';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
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

/** Headers that browsers act on: which origins may ask, and that nothing here is a page to be framed or sniffed. */
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
  app.register(helmet, {
    global: false,
    contentSecurityPolicy: { useDefaults: false, directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] } },
    // Answers are for pages of other origins, which CORS decides about.
    crossOriginResourcePolicy: { policy: 'cross-origin' },
    strictTransportSecurity: { maxAge: 31_536_000, includeSubDomains: false },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
  });
  // They are the same for every answer; worked out for each, they would cost more than a decision.
  let [ofPages, ofAnswers]: (OutgoingHttpHeaders | undefined)[] = [];
  app.addHook('onRequest', (request, reply, done) => {
    if (ofAnswers === undefined) {
      // It writes them past Fastify, at once, whatever its type says.
      void reply.helmet();
      const all = reply.raw.getHeaders();
      for (const name of Object.keys(all)) reply.raw.removeHeader(name);
      ofPages = { ...all };
      ofAnswers = Object.fromEntries(OF_ANSWERS.map((name) => [name, all[name]]));
    }
    reply.headers((request.routeOptions.url?.startsWith('/docs') === true ? ofPages : ofAnswers) ?? {});
    done();
  });
}
