import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { App } from '@rampart/gateway';
import { beforeAll, describe, expect, test } from 'vitest';
import { newKey, operator, page, service, tenantAdmin, useGateway, userToken } from './fixture.js';

const gateway = useGateway();
const SECRET_TEXT = 'smuggled-in-text';
let app: App;
const lines: string[] = [];

beforeAll(async () => {
  app = await gateway({
    keep: true,
    listen: true,
    logLevel: 'info',
    logTo: { write: (line) => lines.push(line) },
    origins: ['https://app.example.com'],
    keys: [service, operator].map(({ configured }) => configured),
    inspect: (made) => {
      made.get('/broken', { config: { callers: 'anyone' } }, () => {
        throw new Error(`${SECRET_TEXT} at some-table`);
      });
    },
  });
});

describe('what goes wrong is told', () => {
  const flag = '/ofrep/v1/evaluate/flags/plain';
  const json = { ...service.headers, 'content-type': 'application/json' };
  const prototype = `{"context":{"__proto__":{"x":"${SECRET_TEXT}"}}}`;
  const deep = `{"context":${'['.repeat(100)}${']'.repeat(100)}}`;

  test.each([
    ['unknown path', { url: `/${SECRET_TEXT}` }, 404],
    ['unknown path of OFREP', { url: `/ofrep/${SECRET_TEXT}` }, 404],
    ['wrong method', { method: 'DELETE', url: flag }, 405],
    ['no JSON', { method: 'POST', url: flag, headers: json, payload: `{"${SECRET_TEXT}` }, 400],
    ['no body', { method: 'POST', url: flag, headers: json, payload: '' }, 400],
    ['not JSON', { method: 'POST', url: flag, headers: { ...json, 'content-type': SECRET_TEXT }, payload: 'x' }, 415],
    ['too much', { method: 'POST', url: flag, headers: json, payload: `"${SECRET_TEXT.repeat(40_000)}"` }, 413],
    ['too deep', { method: 'POST', url: flag, headers: json, payload: deep }, 400],
    ['a prototype', { method: 'POST', url: flag, headers: json, payload: prototype }, 400],
    ['a broken path', { url: `/ofrep/v1/evaluate/flags/%E0%A4%A${SECRET_TEXT}` }, 400],
    ['a long path', { method: 'POST', url: `/ofrep/v1/evaluate/flags/${SECRET_TEXT.repeat(30)}`, headers: json }, 414],
    ['a bug', { url: '/broken' }, 500],
  ] as const)('%s', async (_what, sent, status) => {
    const answer = await app.inject(sent as never);
    expect([answer.statusCode, answer.body]).toEqual([status, expect.not.stringContaining('smuggled')]);
    expect(answer.body).not.toMatch(/stack|node_modules|\.ts:|\.js:|FST_/);
    expect(answer.headers['cache-control']).toBe('no-store');
    const { url } = sent as { readonly url: string };
    const body = answer.json() as Record<string, unknown>;
    if (url.startsWith('/ofrep')) expect(body).toMatchObject({ errorCode: expect.stringMatching(/^[A-Z_]+$/) });
    else
      expect(body).toMatchObject({ type: 'about:blank', title: expect.any(String), status, code: expect.any(String) });
  });

  test('how deep a body may be', async () => {
    const nested = (depth: number): string => `{"context":{"a":${'['.repeat(depth)}"]]"${']'.repeat(depth)}}}`;
    for (const depth of [70, 100_000]) {
      const answer = await app.inject({ method: 'POST', url: flag, headers: json, payload: nested(depth) });
      expect([answer.statusCode, answer.json()]).toMatchObject([
        400,
        { errorDetails: 'the body is nested too deeply' },
      ]);
    }
    const within = await app.inject({ method: 'POST', url: flag, headers: json, payload: nested(2) });
    expect(within.body).not.toContain('too deeply');
  });

  test('with the methods that there are', async () => {
    const { headers } = await app.inject({ method: 'PATCH', url: flag });
    expect(headers['allow']).toBe('POST');
  });

  test('naming the field and the fix', async () => {
    const answer = await app.inject({
      method: 'POST',
      url: '/v1/operator/kills',
      headers: operator.headers,
      payload: { reason: 7, [SECRET_TEXT]: SECRET_TEXT },
    });
    expect(answer.json()).toMatchObject({
      status: 400,
      code: 'invalid_request',
      detail: expect.stringContaining('body.'),
    });
    expect(answer.body).not.toContain('smuggled');
  });

  test("as Unleash does on its own API's paths", async () => {
    const answer = await app.inject('/api/frontend');
    expect([answer.statusCode, answer.json()]).toEqual([
      401,
      { name: 'AuthenticationRequired', message: expect.any(String), details: [{ message: expect.any(String) }] },
    ]);
  });

  test('headers that are too large end before they are read', async () => {
    const { port } = app.server.address() as AddressInfo;
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request({ port, host: '127.0.0.1', headers: { 'x-large': 'x'.repeat(17_000) } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(431);
  });
});

describe('request ids', () => {
  test.each([
    ['plain-1.2~3_4', true],
    ['x'.repeat(65), false],
    ['two words', false],
    ['<script>', false],
    ['', false],
  ])('%j', async (sent, isTaken) => {
    const { headers } = await app.inject({ url: '/healthz', headers: { 'x-request-id': sent } });
    expect(headers['x-request-id']).toMatch(/^[\w.~-]{1,64}$/);
    expect(headers['x-request-id'] === sent).toBe(isTaken);
  });
});

describe('the log', () => {
  test('has a line for each request: the route, the key, and nothing of the person or the secret', async () => {
    lines.length = 0;
    const identity = { sub: 'ana-the-user', tenant_id: 'acme-the-tenant', tier: 'pro' };
    const token = await userToken(identity);
    const payload = { context: { targetingKey: 'ana-the-user', tenantId: 'acme-the-tenant' } };
    const url = '/ofrep/v1/evaluate/flags/plain?secret=in-the-query';
    await app.inject({ method: 'POST', url, headers: { ...service.headers, 'x-request-id': 'r-1' }, payload });
    await app.inject({ method: 'POST', url, headers: await page(identity), payload: { context: {} } });
    await app.inject({
      url: '/v1/tenants/acme-the-tenant/consents',
      headers: await tenantAdmin('acme-the-tenant', 'ana-the-user'),
    });
    await app.inject({ url: '/v1/operator/kills', headers: { authorization: `Bearer ${token}` } });
    await app.inject({ url: '/acme-the-tenant', headers: { authorization: `Bearer ${newKey('x').key}` } });
    await app.inject('/broken');
    const all = lines.join('');
    for (const hidden of ['ana-the-user', 'acme-the-tenant', 'in-the-query', token, service.key, 'rk_'])
      expect(all).not.toContain(hidden);
    const found = lines
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => msg === 'request');
    expect(found).toMatchObject([
      {
        requestId: 'r-1',
        method: 'POST',
        route: '/ofrep/v1/evaluate/flags/:key',
        status: 200,
        ms: expect.any(Number),
        caller: 'service',
        key: 'support',
      },
      { caller: 'browser', key: 'page', status: 200 },
      { caller: 'admin', route: '/v1/tenants/:tenant/consents', status: 200 },
      { status: 403, route: '/v1/operator/kills' },
      { status: 404, route: 'none' },
      { status: 500, route: '/broken' },
    ]);
    expect(found.every((line) => !('reqId' in line) && !('req' in line))).toBe(true);
    expect(all).toContain('a request failed');
  });
});

describe('browsers', () => {
  const origin = 'https://app.example.com';

  test('of a configured origin may ask, with all that stock clients send', async () => {
    const preflight = await app.inject({
      method: 'OPTIONS',
      url: '/api/frontend',
      headers: {
        origin,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization,if-none-match,x-rampart-identity,unleash-sdk',
      },
    });
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-headers': expect.stringMatching(/if-none-match.*x-rampart-identity.*unleash-sdk/),
    });
    expect(preflight.headers['access-control-allow-credentials']).toBeUndefined();
  });

  test('may read why they were refused, and when to come back', async () => {
    const { headers, statusCode } = await app.inject({ url: '/api/frontend', headers: { origin } });
    expect([statusCode, headers['access-control-allow-origin']]).toEqual([401, origin]);
    expect(headers['access-control-expose-headers']).toMatch(/etag.*retry-after/i);
    expect(headers['vary']).toContain('Origin');
  });

  test('of another origin may not', async () => {
    const { headers } = await app.inject({ url: '/healthz', headers: { origin: 'https://evil.example.com' } });
    expect(headers['access-control-allow-origin']).not.toBe('https://evil.example.com');
    expect(headers['access-control-allow-origin']).not.toBe('*');
  });

  test('are told to frame and sniff nothing', async () => {
    const { headers } = await app.inject('/healthz');
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
      'strict-transport-security': 'max-age=31536000',
    });
    const documents = await app.inject('/docs/');
    expect(documents.headers).toMatchObject({ 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' });
    expect(headers['x-powered-by'] ?? headers['server']).toBeUndefined();
  });
});

describe('counts', () => {
  test('are for those with a key', async () => {
    expect((await app.inject('/metrics')).statusCode).toBe(401);
    expect((await app.inject({ url: '/metrics', headers: await page() })).statusCode).toBe(403);
    await app.inject('/healthz');
    const { body, headers } = await app.inject({ url: '/metrics', headers: operator.headers });
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(body).toMatch(/http_server_request_duration_count\{.*http_route="\/healthz"\} \d/);
    expect(body).toMatch(/rampart_control_reads_total\{result="hit"\} \d/);
  });

  test('or for anyone, where the configuration says so', async () => {
    const open = await gateway({ metrics: 'anyone' });
    expect((await open.inject('/metrics')).statusCode).toBe(200);
  });

  test('of methods and paths that nobody serves do not grow', async () => {
    for (const url of ['/a', '/b', '/c']) await app.inject({ url });
    const { body } = await app.inject({ url: '/metrics', headers: operator.headers });
    expect(body).not.toMatch(/http_route="\/[abc]"/);
  });
});

describe('the documentation', () => {
  test('describes every route with who may call it', async () => {
    const { paths } = (await app.inject('/openapi.json')).json() as { paths: Record<string, Record<string, object>> };
    expect(paths['/healthz']?.['get']).toMatchObject({ security: [] });
    expect(paths['/v1/operator/kills']?.['post']).toMatchObject({ security: [{ key: [] }, { userToken: [] }] });
    expect(Object.keys(paths).filter((path) => path.startsWith('/docs'))).toEqual([]);
  });

  test('is a page that loads scripts from here alone, or not there', async () => {
    const { statusCode, headers } = await app.inject('/docs/');
    expect([statusCode, headers['content-security-policy']]).toEqual([
      200,
      expect.stringContaining("script-src 'self';"),
    ]);
    const without = await gateway({ docs: false });
    expect((await without.inject('/docs/')).statusCode).toBe(404);
  });
});
