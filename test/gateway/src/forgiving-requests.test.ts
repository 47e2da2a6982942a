import { connect } from 'node:net';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import type { App } from '@rampart/gateway';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { operator, page, service, tenantAdmin, useGateway } from './fixture.js';

const gateway = useGateway();
let app: App;
let base: string;
let routes: readonly { readonly method: string; readonly url: string }[];

beforeAll(async () => {
  const all: { method: string; url: string }[] = [];
  app = await gateway({
    keep: true,
    listen: true,
    webhookSecret: 'a secret of the webhook',
    inspect: (made) =>
      made.addHook('onRoute', ({ method, url, schema }) => {
        if (url !== '*')
          for (const name of [method].flat()) if (schema?.body === undefined) all.push({ method: name, url });
      }),
  });
  base = `http://127.0.0.1:${(app.server.address() as { port: number }).port}`;
  routes = all;
});
afterAll(() => OpenFeature.clearProviders());

/** Writes bytes as they are and gives the first line of the answer. */
function raw(text: string): Promise<string> {
  const { port } = new URL(base);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(text));
    socket.once('data', (bytes) => {
      resolve(String(bytes).split('\r\n')[0] ?? '');
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

describe('a request without a body', () => {
  const TYPES = ['application/json', 'application/json; charset=utf-8', 'text/plain', 'application/xml', 'json', ''];

  test.each(TYPES)('is served whatever content type it names, on every route that takes none: %s', async (type) => {
    expect(routes.filter(({ method }) => method === 'DELETE').length).toBeGreaterThan(0);
    for (const { method, url } of routes) {
      const ask = (headers: Record<string, string>) =>
        app.inject({ method: method as 'GET', url, headers: { ...operator.headers, ...headers } });
      const [plain, typed] = [await ask({}), await ask({ 'content-type': type, 'content-length': '0' })];
      expect([method, url, typed.statusCode]).toEqual([method, url, plain.statusCode]);
      expect(typed.statusCode).not.toBe(415);
    }
  });

  test('lifts an override with a JSON content type, with a length, without one and in no chunks', async () => {
    const framings = ['content-length: 0\r\n\r\n', '\r\n', 'transfer-encoding: chunked\r\n\r\n0\r\n\r\n'];
    for (const [at, framing] of framings.entries()) {
      const override = { id: `o${at}`, tenant: 'acme', flag: 'ai.copilot', force: 'off', reason: 'test' };
      const payload = { ...override, until: Date.now() + 60_000 };
      const made = await app.inject({
        method: 'POST',
        url: '/v1/operator/overrides',
        headers: operator.headers,
        payload,
      });
      expect([made.statusCode, made.body]).toEqual([201, expect.any(String)]);
      const line = `DELETE //v1/operator/overrides/o${at}?tenant=acme&reason=over HTTP/1.1\r\nhost: gateway\r\n`;
      const headers = `authorization: ${operator.headers.authorization}\r\ncontent-type: application/json\r\n`;
      expect(await raw(`${line}${headers}${framing}`)).toContain(' 200 ');
    }
  });

  test('is told what is missing where a body is needed, and 404 where nothing is', async () => {
    const headers = { ...operator.headers, 'content-type': 'application/json' };
    const kill = await app.inject({ method: 'POST', url: '/v1/operator/kills', headers });
    expect([kill.statusCode, kill.json().code]).toEqual([400, 'invalid_json']);
    for (const method of ['DELETE', 'POST', 'PUT'] as const)
      expect((await app.inject({ method, url: '/nothing', headers })).statusCode).toBe(404);
    expect((await app.inject({ method: 'DELETE', url: '/v1/operator/kills', headers })).statusCode).toBe(405);
  });
});

describe('a base URL that ends in slashes', () => {
  test.each(['/', '//', '///'])('reaches every route: %s', async (slashes) => {
    const ask = (url: string, headers: Record<string, string>, method: 'GET' | 'POST' = 'GET') =>
      app.inject({
        method,
        url: `${slashes}${url}`,
        headers,
        ...(method === 'POST' ? { payload: { context: {} } } : {}),
      });
    const admin = await tenantAdmin('acme');
    expect((await ask('ofrep/v1/evaluate/flags/plain', service.headers, 'POST')).json()).toMatchObject({ value: true });
    expect((await ask('ofrep/v1/evaluate/flags', service.headers, 'POST')).statusCode).toBe(200);
    expect((await ask('api/frontend', await page(), 'POST')).statusCode).toBe(200);
    expect((await ask('api//frontend//', await page())).statusCode).toBe(200);
    expect((await ask('v1/tenants/acme/consents', admin)).statusCode).toBe(200);
    expect((await ask('healthz', {})).statusCode).toBe(200);
    expect((await ask('ofrep/v1/evaluate/flags', service.headers)).headers['allow']).toBe('POST');
    const nothing = await ask('ofrep/v1/nothing', service.headers);
    expect([nothing.statusCode, nothing.json()]).toMatchObject([404, { errorCode: 'GENERAL' }]);
  });

  test('opens nothing: the callers of the route that answers are asked for', async () => {
    for (const url of ['//v1/operator/kills', '/v1//operator/kills', '/v1/operator//kills', '//metrics']) {
      expect((await app.inject({ url })).statusCode).toBe(401);
      expect((await app.inject({ url, headers: await page() })).statusCode).toBe(403);
    }
    const other = await app.inject({ url: '//v1/tenants//globex/consents', headers: await tenantAdmin('acme') });
    expect([other.statusCode, other.body]).toEqual([403, expect.not.stringContaining('copilot')]);
  });

  test('redirects nowhere else', async () => {
    for (const url of [
      '//evil.example/..',
      '//evil.example/docs',
      '//docs',
      '///docs',
      '/\\evil.example',
      '//docs//..//x',
    ]) {
      const { headers } = await app.inject({ url });
      expect([url, headers['location'] ?? '/docs']).toEqual([url, expect.stringMatching(/^(?:\.|\/docs)/)]);
    }
  });

  test('leaves what belongs to ids and queries', async () => {
    const write = {
      method: 'PUT',
      headers: service.headers,
      payload: { state: 'opt_in', actor: 'ana', expected: 'any' },
    } as const;
    await app.inject({ ...write, url: `//v1/tenants/${encodeURIComponent('a//b')}/consents/copilot` });
    const url = `/v1/tenants/${encodeURIComponent('a//b')}/consents`;
    expect((await app.inject({ url, headers: service.headers })).body).toContain('opt_in');
    const lifted = await app.inject({
      method: 'DELETE',
      url: '/v1/operator/overrides/x?tenant=a//b&reason=no',
      headers: operator.headers,
    });
    expect(lifted.json().code).toBe('no_such_override');
  });

  test('works for the stock OFREP provider, as the server itself does in absolute form', async () => {
    const provider = new OFREPProvider({
      baseUrl: `${base}//`,
      headers: [['authorization', service.headers.authorization]],
    });
    await OpenFeature.setProviderAndWait('slashes', provider);
    expect(await OpenFeature.getClient('slashes').getBooleanValue('plain', false, { targetingKey: 'ada' })).toBe(true);
    const headers = `authorization: ${operator.headers.authorization}\r\nhost: gateway\r\nconnection: close\r\n\r\n`;
    expect(await raw(`GET ${base}/v1/operator/kills HTTP/1.1\r\n${headers}`)).toContain(' 200 ');
  });
});
