import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FLAGS, service, useGateway } from './fixture.js';

const gateway = useGateway();

/** Serves flags, and breaks off what is asked about tokens and keys. */
const down = createServer((request, response) => {
  if (request.url?.startsWith('/api/client/features')) {
    response.setHeader('content-type', 'application/json');
    return response.end(JSON.stringify({ version: 2, ...FLAGS }));
  }
  return request.socket.destroy();
});
const at = () => `http://127.0.0.1:${(down.address() as AddressInfo).port}`;

beforeAll(() => new Promise<void>((resolve) => down.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  down.closeAllConnections();
  down.close();
});

const newFrontendToken = () => `*:development.${randomBytes(24).toString('hex')}`;
const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const newJwt = () =>
  `${encoded({ alg: 'RS256', kid: randomBytes(8).toString('hex') })}.${encoded({ sub: 'ana' })}.AAAA`;

describe('credentials that nobody can check now', () => {
  const start = async (lines: string[] = []) =>
    gateway({
      unleash: { url: `${at()}/api`, token: 'default:development.test', refreshInterval: 600_000 },
      frontend: { askUnleash: true },
      identity: { issuer: 'https://login.example.com', audience: 'a', algorithms: ['RS256'], jwksUrl: `${at()}/keys` },
      limits: { perAddress: { points: 3, seconds: 60 } },
      logLevel: 'error',
      logTo: { write: (line) => lines.push(line) },
    });

  test.each([
    ['frontend tokens', '/api/frontend', newFrontendToken, 'tokens_unavailable'],
    ['frontend tokens where no limit counts otherwise', '/metrics', newFrontendToken, 'tokens_unavailable'],
    ['tokens of users', '/v1/operator/kills', newJwt, 'identity_unavailable'],
  ])('%s count for their address, and are said without a stack', async (_what, url, newToken, code) => {
    const lines: string[] = [];
    const app = await start(lines);
    const ask = async () => (await app.inject({ url, headers: { authorization: newToken() } })).statusCode;
    expect([await ask(), await ask(), await ask(), await ask(), await ask()]).toEqual([503, 503, 503, 429, 429]);
    const failures = lines.map((line) => JSON.parse(line) as object).filter((line) => 'code' in line);
    expect(failures).toEqual(
      Array.from({ length: 3 }, () => expect.objectContaining({ msg: 'a request failed', code, route: url })),
    );
    expect(lines.join('')).not.toMatch(/stack|\.[jt]s:\d/);
  });

  test('count also where they come at once, and keep no key out', async () => {
    const app = await start();
    const ask = () => app.inject({ url: '/api/frontend', headers: { authorization: newFrontendToken() } });
    const statuses = (await Promise.all(Array.from({ length: 30 }, ask))).map(({ statusCode }) => statusCode);
    expect(statuses.filter((status) => status === 503)).toHaveLength(3);
    expect(statuses.filter((status) => status === 429)).toHaveLength(27);
    expect((await app.inject({ url: '/metrics', headers: service.headers })).statusCode).toBe(200);
  });
});
