import type { App } from '@rampart/gateway';
import { beforeAll, expect, test } from 'vitest';
import { useGateway } from './fixture.js';

const ORIGIN = 'https://app.example.com';
const gateway = useGateway();
const routes = new Map<string, string>();
let app: App;

beforeAll(async () => {
  app = await gateway({
    keep: true,
    origins: [ORIGIN],
    allowedHeaders: ['X-Own-Trace'],
    inspect: (made) =>
      made.addHook('onRoute', ({ method, url }) => {
        if (url !== '*' && !url.startsWith('/docs')) routes.set(url, [method].flat()[0] ?? 'GET');
      }),
  });
});

async function allowedBy(preflighted: App, url: string, method: string, headers: readonly string[]) {
  const answer = await preflighted.inject({
    method: 'OPTIONS',
    url,
    headers: {
      origin: ORIGIN,
      'access-control-request-method': method,
      'access-control-request-headers': headers.join(','),
    },
  });
  expect([url, answer.statusCode]).toEqual([url, 204]);
  const allowed = String(answer.headers['access-control-allow-headers']).toLowerCase().split(/, */);
  return headers.filter((name) => allowed.includes(name));
}

const TRACING = [
  ...['sentry-trace', 'baggage', 'traceparent', 'tracestate', 'newrelic', 'x-request-id', 'x-correlation-id', 'b3'],
  ...['x-b3-traceid', 'x-b3-spanid', 'x-b3-parentspanid', 'x-b3-sampled', 'x-b3-flags'],
  ...['x-datadog-trace-id', 'x-datadog-parent-id', 'x-datadog-origin', 'x-datadog-sampling-priority', 'x-datadog-tags'],
];

test('pages with tracing may ask on every route', async () => {
  const sent = ['authorization', 'content-type', 'if-none-match', 'x-rampart-identity', ...TRACING];
  expect(routes.size).toBeGreaterThan(10);
  for (const [url, method] of routes) expect([url, await allowedBy(app, url, method, sent)]).toEqual([url, sent]);
});

test('allowedHeaders adds names, in any case, and no others pass', async () => {
  const url = '/ofrep/v1/evaluate/flags';
  expect(await allowedBy(app, url, 'POST', ['x-own-trace', 'x-other', 'cookie'])).toEqual(['x-own-trace']);
});

test.each(['', 'x own', 'x-own:', 'x-a,x-b', 'x-\r\ny'])('allowedHeaders refuses what is no name: %j', async (name) => {
  await expect(gateway({ allowedHeaders: [name] })).rejects.toThrow('allowedHeaders.0');
});
