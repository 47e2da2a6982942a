import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer as createPlainServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { proxyFetch } from '@rampart/sdk/operator';
import { type ForwardProxy, startForwardProxy } from '@rampart/services';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { rampart } from '../../end-to-end/support/rampart-command.js';
import { FLAGS, FRONTEND_TOKEN, operator, useGateway } from './fixture.js';

const gateway = useGateway();
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
let proxy: ForwardProxy;

/** Unleash and an issuer of tokens at once. */
const answer: RequestListener = (request, response) => {
  const bodies: Readonly<Record<string, object>> = {
    '/api/client/features': { version: 2, ...FLAGS },
    '/edge/validate': {
      tokens: [
        { token: 'default:development.test', type: 'client', environment: 'development' },
        { token: FRONTEND_TOKEN, type: 'frontend', environment: 'development', projects: ['*'] },
      ],
    },
    '/keys': { keys: [{ ...(publicKey as KeyObject).export({ format: 'jwk' }), kid: 'one', alg: 'ES256' }] },
    '/api/admin/instance-admin/statistics': {},
  };
  const body = bodies[new URL(request.url ?? '', 'http://any').pathname];
  response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body ?? {}));
};
const server = createPlainServer(answer);
const port = () => (server.address() as AddressInfo).port;

beforeAll(() => new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening)));
beforeEach(async () => {
  for (const name of ['NO_PROXY', 'no_proxy', 'http_proxy', 'HTTPS_PROXY', 'https_proxy']) vi.stubEnv(name, '');
  proxy = await startForwardProxy({ port: port() });
  vi.stubEnv('HTTP_PROXY', proxy.url);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await proxy.close();
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Fetches flags, checks a frontend token and a user's token, and asks the admin API to switch a flag off. */
async function useAll(host: string): Promise<readonly number[]> {
  const at = `http://${host}:${port()}`;
  const app = await gateway({
    unleash: { url: `${at}/api`, token: 'default:development.test', adminToken: '*:*.admin', refreshInterval: 600_000 },
    frontend: { askUnleash: true },
    identity: { issuer: 'https://login.test', audience: 'rampart', algorithms: ['ES256'], jwksUrl: `${at}/keys` },
  });
  const token = await new SignJWT({ sub: 'ana', tenant_id: 'acme', roles: ['ai_admin'] })
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .setIssuer('https://login.test')
    .setAudience('rampart')
    .setExpirationTime('10m')
    .sign(privateKey);
  const page = await app.inject({ url: '/api/frontend', headers: { authorization: FRONTEND_TOKEN } });
  const headers = { authorization: `Bearer ${token}` };
  const user = await app.inject({ url: '/v1/tenants/acme/consents', headers });
  const payload = { scope: { feature: 'ai.summary' }, reason: 'odd answers' };
  const kill = await app.inject({ method: 'POST', url: '/v1/operator/kills', headers: operator.headers, payload });
  return [page.statusCode, user.statusCode, kill.statusCode];
}

test('flags, frontend tokens, JWKS and the admin API go through HTTP_PROXY', async () => {
  // These hosts exist behind the proxy only.
  const statuses = await useAll('only-behind-the-proxy.test');
  expect(statuses).toEqual([200, 200, expect.any(Number)]);
  const paths = new Set(proxy.requests.map((line) => line.replace(`http://only-behind-the-proxy.test:${port()}`, '')));
  expect(paths).toContain('GET /api/client/features');
  expect(paths).toContain('POST /edge/validate');
  expect(paths).toContain('GET /keys');
  expect([...paths].filter((path) => path.includes('/api/admin/'))).not.toEqual([]);
});

test('none of them does for a host in NO_PROXY', async () => {
  vi.stubEnv('NO_PROXY', 'example.com, 127.0.0.1');
  expect(await useAll('127.0.0.1')).toEqual([200, 200, expect.any(Number)]);
  expect(proxy.requests).toEqual([]);
});

describe('the command line through a gateway', () => {
  const KILL = ['kill', '--feature', 'ai.summary', '--tenant', 'acme', '--reason', 'INC-7'];
  const listen = async () => {
    vi.stubEnv('HTTP_PROXY', '');
    const app = await gateway({ listen: true });
    return (app.server.address() as AddressInfo).port;
  };
  const run = (args: readonly string[], url: string) =>
    rampart(args, { RAMPART_GATEWAY_URL: url, RAMPART_GATEWAY_KEY: operator.key });

  test('goes through HTTP_PROXY, and directly for a host in NO_PROXY', async () => {
    const at = await listen();
    const behind = await startForwardProxy({ port: at });
    vi.stubEnv('HTTP_PROXY', behind.url);
    try {
      // This host exists behind the proxy only.
      const url = `http://only-behind-the-proxy.test:${at}`;
      expect(await run(KILL, url)).toMatchObject({ code: 0, err: '' });
      expect(await run(['kills'], url)).toMatchObject({ code: 0, out: expect.stringMatching(/1 live kill\.\n$/) });
      expect(behind.requests).toEqual([`POST ${url}/v1/operator/kills`, `GET ${url}/v1/operator/kills`]);
      vi.stubEnv('NO_PROXY', '127.0.0.1');
      expect(await run(['kills'], `http://127.0.0.1:${at}`)).toMatchObject({ code: 0 });
      expect(behind.requests).toHaveLength(2);
    } finally {
      await behind.close();
    }
  });

  test('names the proxy that can not be reached, without its credentials', async () => {
    await proxy.close();
    vi.stubEnv('HTTP_PROXY', proxy.url.replace('//', '//ana:s%40cret@'));
    const { code, err } = await run(KILL, 'http://only-behind-the-proxy.test');
    const reason = `ECONNREFUSED through the proxy ${proxy.url}`;
    expect([code, err]).toEqual([2, expect.stringContaining(`can not be reached (${reason}`)]);
    expect(err).not.toMatch(/s(@|%40)cret/);
  });
});

test('https goes through HTTPS_PROXY by CONNECT, with its credentials, which no error repeats', async () => {
  vi.stubEnv('HTTPS_PROXY', proxy.url.replace('//', '//ana:s%40cret@'));
  // What is behind the tunnel here speaks no TLS.
  const error = await proxyFetch('https://only-behind-the-proxy.test/keys').catch((reason: Error) => reason);
  expect(proxy.requests).toEqual(['CONNECT only-behind-the-proxy.test:443']);
  expect(proxy.authorizations).toEqual([`Basic ${Buffer.from('ana:s@cret').toString('base64')}`]);
  expect(error).toMatchObject({ message: expect.stringContaining(`through the proxy ${proxy.url}`) });
  expect(inspect(error, { depth: 9 })).not.toMatch(/s(@|%40)cret/);
});

test('a proxy URL that can not be used is refused without its value', async () => {
  vi.stubEnv('HTTP_PROXY', 'socks5://ana:s%40cret@127.0.0.1:1080');
  const error = await proxyFetch('http://only-behind-the-proxy.test/').catch((reason: Error) => reason);
  expect(error).toMatchObject({ message: expect.stringMatching(/^the proxy in HTTP_PROXY.* write http:/) });
  expect(inspect(error, { depth: 9 })).not.toContain('cret');
});
