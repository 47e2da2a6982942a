import type { App } from '@rampart/gateway';
import { usePostgres, useRedis } from '@rampart/services/vitest';
import { describe, expect, test, vi } from 'vitest';
import { FLAGS, newKey, operator, page, service, tenantAdmin, useGateway } from './fixture.js';

const gateway = useGateway();
const [postgres, redis] = [usePostgres(), useRedis()];

/** The flags of the fixture, with three calls an hour. */
const LIMITED = JSON.parse(
  JSON.stringify(FLAGS).replace('"stage":"ga",', '"stage":"ga","maxPerHour":"3",'),
) as typeof FLAGS;
const context = { tier: 'pro', labels: [] };
const other = newKey('other', { flags: ['ai.other'] });
const keys = [service, operator, other].map(({ configured }) => configured);

async function consume(app: App, body: object, headers: Record<string, string> = service.headers, flag = 'ai.copilot') {
  const url = `/v1/limits/${flag}/consume`;
  const response = await app.inject({ method: 'POST', url, headers, payload: { context, ...body } });
  return { status: response.statusCode, body: response.json() };
}
async function optIn(app: App, tenant: string) {
  const url = `/v1/tenants/${tenant}/consents/copilot`;
  const payload = { state: 'opt_in', actor: 'ana', expected: 'any' };
  await app.inject({ method: 'PUT', url, headers: service.headers, payload });
}

describe('calls of AI', () => {
  test('are allowed up to the limit of the change that decides, per tenant', async () => {
    const app = await gateway({ flags: LIMITED });
    for (const tenant of ['1', '2']) await optIn(app, tenant);
    const change = 'ai.copilot.v1';
    expect((await consume(app, { tenantId: '1', units: 2 })).body).toEqual({
      ...{ allowed: true, remaining: 1, resetsIn: expect.any(Number), shared: false, change },
    });
    expect((await consume(app, { tenantId: '1', units: 2 })).body).toMatchObject({ allowed: false, remaining: 1 });
    expect((await consume(app, { tenantId: '1' }, service.headers, change)).body).toMatchObject({ remaining: 0 });
    expect((await consume(app, { tenantId: '1' })).body).toMatchObject({ allowed: false, remaining: 0 });
    expect((await consume(app, { tenantId: '2' })).body).toMatchObject({ allowed: true, remaining: 2 });
  });

  test('are counted once where a request is repeated with its Idempotency-Key', async () => {
    const app = await gateway({ flags: LIMITED });
    await optIn(app, '1');
    const keyed = { ...service.headers, 'idempotency-key': 'call-1' };
    const first = await consume(app, { tenantId: '1', units: 2 }, keyed);
    expect(first.body).toMatchObject({ allowed: true, remaining: 1 });
    expect(await consume(app, { tenantId: '1', units: 2 }, keyed)).toEqual(first);
    expect((await consume(app, { tenantId: '1' })).body).toMatchObject({ remaining: 0 });
    expect(await consume(app, { tenantId: '1', units: 1 }, keyed)).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    const url = '/v1/tenants/1/consents/copilot';
    const payload = { state: 'opt_out', actor: 'ana', expected: 'any' };
    await app.inject({ method: 'PUT', url, headers: service.headers, payload });
    expect((await consume(app, { tenantId: '1', units: 2 }, keyed)).body).toMatchObject({ allowed: false });
  });

  test('are not allowed where the decision is closed, whatever the context states of the tenant', async () => {
    const app = await gateway({ flags: LIMITED });
    await optIn(app, '1');
    const stated = { tenantId: '2', context: { ...context, tenantId: '1' } };
    expect((await consume(app, stated)).body).toMatchObject({ allowed: false, remaining: 0 });
    expect((await consume(app, { tenantId: '1', context: { tier: 'free', labels: [] } })).body.allowed).toBe(false);
  });

  test('have no end where no limit is set', async () => {
    const app = await gateway();
    await optIn(app, '1');
    const { body } = await consume(app, { tenantId: '1', units: 1_000_000 });
    expect(body).toEqual({ allowed: true, resetsIn: 0, shared: false, change: 'ai.copilot.v1' });
  });

  test('are asked for by services that cover the flag, with units that count', async () => {
    const app = await gateway({ flags: LIMITED, keys });
    const body = { tenantId: '1' };
    expect((await consume(app, body, other.headers)).status).toBe(403);
    expect((await consume(app, body, operator.headers)).status).toBe(403);
    expect((await consume(app, body, await tenantAdmin('1'))).status).toBe(403);
    expect((await consume(app, body, await page({ sub: 'ada', tenant_id: '1' }))).status).toBe(403);
    for (const flag of ['nope', 'plain']) expect((await consume(app, body, service.headers, flag)).status).toBe(404);
    for (const bad of [{ units: 0 }, { units: -1 }, { units: 1.5 }, { units: 1e9 }, { tenantId: '' }, { other: 1 }]) {
      expect((await consume(app, { ...body, ...bad })).status).toBe(400);
    }
  });

  test('are counted together by instances that share Redis', async () => {
    const shared = {
      unleash: { url: gateway.unleashUrl(LIMITED), token: 'default:development.test', refreshInterval: 600_000 },
      ...{ database: (await postgres().newDatabase()) as string, redis: redis().url, environment: 'limits' },
    };
    const [one, two] = [await gateway(shared), await gateway(shared)];
    await optIn(one, '1');
    await optIn(two, 'probe');
    await optIn(one, 'repeated');
    await vi.waitFor(async () => {
      for (const app of [one, two]) {
        expect((await consume(app, { tenantId: 'probe' })).body.shared).toBe(true);
        expect((await consume(app, { tenantId: '1', units: 1_000 })).body).toMatchObject({
          shared: true,
          remaining: 3,
        });
      }
    }, 10_000);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, at) => consume(at % 2 === 0 ? one : two, { tenantId: '1' })),
    );
    expect(answers.filter(({ body }) => body.allowed)).toHaveLength(3);

    const keyed = { ...service.headers, 'idempotency-key': 'shared' };
    const first = await consume(one, { tenantId: 'repeated' }, keyed);
    expect(first.body).toMatchObject({ allowed: true, remaining: 2 });
    await vi.waitFor(async () => {
      expect(await consume(two, { tenantId: 'repeated' }, keyed)).toEqual(first);
    }, 10_000);
  });
});
