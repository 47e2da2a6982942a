import type { App } from '@rampart/gateway';
import { beforeAll, describe, expect, test } from 'vitest';
import { FRONTEND_TOKEN, newKey, operator, page, service, tenantAdmin, useGateway, userToken } from './fixture.js';

const gateway = useGateway();
const elsewhere = newKey('elsewhere', { environments: ['production'] });
const here = newKey('here', { environments: ['production', 'default'] });
const tracker = newKey('tracker', { may: ['track'] });
let app: App;

beforeAll(async () => {
  const keys = [service, operator, elsewhere, here, tracker].map(({ configured }) => configured);
  app = await gateway({
    keep: true,
    keys,
    limits: { refusedPerAddress: { points: 10_000 } },
    inspect: (made) => {
      made.get(
        '/who',
        { config: { callers: ['service', 'browser', 'admin', 'operator'] } },
        ({ principal }) => principal,
      );
      made.get('/evaluate', { config: { callers: ['service'], permission: 'evaluate' } }, () => 'yes');
      made.get('/operators', { config: { callers: ['operator'] } }, () => 'yes');
      made.get('/admins', { config: { callers: ['admin'] } }, ({ principal }) => principal);
    },
  });
});

const ask = async (headers: Record<string, string>, url = '/who') => {
  const { statusCode, body } = await app.inject({ url, headers });
  return { status: statusCode, body: JSON.parse(body.startsWith('{') ? body : '{}') as Record<string, unknown> };
};

describe('who is let in', () => {
  test('keys, raw or as Bearer, where they count', async () => {
    for (const { key, configured } of [service, here])
      for (const authorization of [key, `Bearer ${key}`, `bearer  ${key}`])
        expect(await ask({ authorization })).toMatchObject({
          status: 200,
          body: { kind: 'service', name: configured.name },
        });
    expect(await ask(operator.headers)).toMatchObject({ body: { kind: 'operator', name: 'on-call', by: 'key' } });
  });

  test('a page by its token, with its user where it brings one', async () => {
    expect((await ask(await page())).body).toEqual({ kind: 'browser', name: 'page' });
    const user = await ask(await page({ sub: 'ana', tenant_id: 'acme', tier: 'pro', labels: ['x'] }));
    expect(user.body).toMatchObject({ kind: 'browser', identity: { userId: 'ana', tenantId: 'acme', labels: ['x'] } });
  });

  test('a tenant admin and an operator by their roles; the route decides where somebody has both', async () => {
    expect((await ask(await tenantAdmin('acme'))).body).toMatchObject({
      kind: 'admin',
      identity: { tenantId: 'acme' },
    });
    const both = await userToken({ sub: 'olga', tenant_id: 'acme', roles: ['ai_operator', 'ai_admin'] });
    const headers = { authorization: `Bearer ${both}` };
    expect((await ask(headers)).body).toEqual({ kind: 'operator', name: 'olga', by: 'token' });
    expect((await ask(headers, '/admins')).body).toMatchObject({ kind: 'admin' });
  });
});

describe('who is not', () => {
  const refused = (await_: { status: number; body: Record<string, unknown> }) => [await_.status, await_.body['detail']];

  test('nobody, and whoever is unknown hears the same whatever was wrong', async () => {
    const answers = await Promise.all(
      [
        elsewhere.headers,
        { authorization: `${service.key}x` },
        { authorization: `Basic ${Buffer.from(`a:${service.key}`).toString('base64')}` },
        { authorization: `${FRONTEND_TOKEN}0` },
        { authorization: 'default:production.0123456789abcdef' },
        { authorization: `Bearer ${await userToken({ sub: 'ana', roles: ['ai_operator'] }, { expiresIn: '-1m' })}` },
        { authorization: `Bearer ${(await userToken({ sub: 'ana', roles: ['ai_operator'] })).slice(0, -3)}` },
        { authorization: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbmEiLCJyb2xlcyI6WyJhaV9vcGVyYXRvciJdfQ.' },
        { authorization: FRONTEND_TOKEN, 'x-rampart-identity': await userToken({ sub: 'ana' }, { expiresIn: '-1m' }) },
        { authorization: FRONTEND_TOKEN, 'x-rampart-identity': 'ana' },
        { authorization: FRONTEND_TOKEN, 'x-rampart-identity': '' },
        { authorization: 'Bearer ' },
        await page({ sub: 'ana', tenant_id: 'acme', labels: 'hipaa' }),
        await page({ sub: 'ana', tenant_id: 'acme', labels: ['hipaa', 7] }),
        await page({ sub: 'ana', tenant_id: 7 }),
        { authorization: `Bearer ${await userToken({ sub: 'o', roles: ['ai_operator'], tier: ['pro'] })}` },
      ].map((headers) => ask(headers as Record<string, string>)),
    );
    for (const answer of answers)
      expect(refused(answer)).toEqual([401, 'these credentials are not known, or count no longer']);
    expect(await ask({})).toMatchObject({ status: 401 });
    const { headers } = await app.inject('/who');
    expect(headers['www-authenticate']).toBe('Bearer');
  });

  test('a key without the permission, a page where only services ask, a user without a role', async () => {
    expect(await ask(tracker.headers, '/evaluate')).toMatchObject({
      status: 403,
      body: { detail: 'this key may not evaluate' },
    });
    for (const headers of [await page(), operator.headers, await tenantAdmin('acme')])
      expect(await ask(headers, '/evaluate')).toMatchObject({ status: 403 });
    const nobody = { authorization: `Bearer ${await userToken({ sub: 'ana', tenant_id: 'acme', roles: ['user'] })}` };
    expect(await ask(nobody)).toMatchObject({ status: 403 });
    const homeless = { authorization: `Bearer ${await userToken({ sub: 'ana', roles: ['ai_admin'] })}` };
    expect(await ask(homeless)).toMatchObject({ status: 403 });
  });

  test("a key does not speak for a page's user", async () => {
    const headers = { ...service.headers, 'x-rampart-identity': await userToken({ sub: 'ana' }) };
    expect(await ask(headers)).toMatchObject({ status: 400 });
  });
});

test('a route that names no callers does not register', () => {
  return expect(
    gateway({
      inspect: (made) => {
        made.get('/open', () => 'yes');
      },
    }),
  ).rejects.toThrow("the route /open doesn't say who may call it");
});

describe('limits', () => {
  const few = { perKey: { points: 3, seconds: 60 }, perAddress: { points: 2, seconds: 60 } };
  const times = async (limited: App, count: number, headers: Record<string, string>, url = '/openapi.json') => {
    const statuses: number[] = [];
    for (let at = 0; at < count; at += 1) statuses.push((await limited.inject({ url, headers })).statusCode);
    return statuses;
  };

  test('count keys by themselves, and the rest by address', async () => {
    const limited = await gateway({ limits: few });
    expect(await times(limited, 4, service.headers, '/ofrep/v1/evaluate/flags')).toEqual([405, 405, 429, 429]);
    expect(await times(limited, 3, {}, '/healthz')).toEqual([200, 200, 200]);
    const post = { method: 'POST' as const, url: '/ofrep/v1/evaluate/flags', payload: {}, headers: service.headers };
    const statuses: number[] = [];
    for (let at = 0; at < 4; at += 1) statuses.push((await limited.inject(post)).statusCode);
    expect(statuses).toEqual([200, 200, 200, 429]);
    const refusal = await limited.inject(post);
    expect(refusal.headers['retry-after']).toMatch(/^(?:60|5\d)$/);
    expect(refusal.json()).toEqual({ errorCode: 'GENERAL', errorDetails: expect.stringContaining('Retry-After') });
  });

  test('count users by themselves, wherever they are: an office has one address', async () => {
    const limited = await gateway({ limits: { ...few, perUser: { points: 2, seconds: 60 } } });
    const statusOf = async (headers: Record<string, string>) => {
      const answer = await limited.inject({ url: '/api/frontend', headers });
      return answer.statusCode;
    };
    for (const sub of ['ana', 'bo', 'cleo']) {
      const headers = await page({ sub, tenant_id: 'acme' });
      expect([await statusOf(headers), await statusOf(headers), await statusOf(headers)]).toEqual([200, 200, 429]);
    }
    expect(await statusOf(await page({ sub: 'ana', tenant_id: 'globex' }))).toBe(200);
    const anonymous = await page();
    expect([await statusOf(anonymous), await statusOf(anonymous), await statusOf(anonymous)]).toEqual([200, 200, 429]);
  });

  test('count credentials that were refused, and leave known ones alone', async () => {
    const limited = await gateway({ limits: { refusedPerAddress: { points: 2, seconds: 60 } } });
    expect(await times(limited, 4, { authorization: 'wrong' }, '/metrics')).toEqual([401, 401, 429, 429]);
    expect(await times(limited, 2, operator.headers, '/metrics')).toEqual([200, 200]);
    expect(await times(limited, 1, { authorization: `Bearer ${await userToken({ sub: 'a' })}` }, '/metrics')).toEqual([
      429,
    ]);
  });
});
