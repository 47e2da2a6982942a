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

/** Headers that browsers act on: which origins may ask, and that nothing here is a page to be framed or sniffed. */
export function speakToBrowsers(app: App, { configuration: { origins } }: Gateway): void {
  if (origins.length > 0)
    app.register(cors, {
      origin: origins.includes('*') ? '*' : [...origins],
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
      allowedHeaders: ACCEPTED,
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
  // They are the same for every answer; worked out for each, they cost more than a decision.
  let headers: OutgoingHttpHeaders | undefined;
  app.addHook('onRequest', (_request, reply, done) => {
    if (headers === undefined) {
      // It writes them past Fastify, at once, whatever its type says.
      void reply.helmet();
      headers = { ...reply.raw.getHeaders() };
    }
    reply.headers(headers);
    done();
  });
}
