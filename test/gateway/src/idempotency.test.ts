import type { App } from '@rampart/gateway';
import { DurableControl, OutcomeUnknownError, StoreError } from '@rampart/sdk';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { operator, service, tenantAdmin, useGateway } from './fixture.js';

const gateway = useGateway();
let app: App;
beforeAll(async () => {
  app = await gateway({ keep: true });
});

type Method = 'DELETE' | 'GET' | 'POST' | 'PUT';
let count = 0;
const unique = (name: string): string => `${name}-${(count += 1)}`;

async function ask(headers: Record<string, string>, method: Method, url: string, payload?: object, key?: string) {
  const all = { ...headers, ...(key !== undefined && { 'idempotency-key': key }) };
  const response = await app.inject({ method, url, headers: all, ...(payload && { payload }) });
  return { status: response.statusCode, body: response.json() as Record<string, unknown> };
}

async function entriesOf(tenant: string): Promise<number> {
  const { body } = await ask(operator.headers, 'GET', `/v1/operator/audit?tenant=${tenant}`);
  return (body['entries'] as unknown[]).length;
}

const soon = () => Date.now() + 3_600_000;

test('every writing route takes an Idempotency-Key', async () => {
  interface Route {
    readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  }
  const { paths } = (await app.inject('/openapi.json')).json() as { paths: Record<string, Record<string, Route>> };
  const writing = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { parameters = [] }]) =>
      method !== 'get' && /^\/v1\/(tenants|operator|events|limits)/.test(path) && !path.endsWith('/explain')
        ? [
            {
              route: `${method} ${path}`,
              isKeyed: parameters.some(({ in: at, name }) => at === 'header' && name === 'idempotency-key'),
            },
          ]
        : [],
    ),
  );
  expect(writing.length).toBeGreaterThanOrEqual(8);
  expect(writing.filter(({ isKeyed }) => !isKeyed)).toEqual([]);
});

describe('a repeated request is recorded once and gets the same answer', () => {
  test.each<[string, (tenant: string) => object, (tenant: string) => object]>([
    ['consents/copilot', () => ({ state: 'opt_in', actor: 'ana' }), () => ({ state: 'opt_out', actor: 'ana' })],
    ['preferences', () => ({ mode: 'shadow', actor: 'ana' }), () => ({ mode: 'suggestion', actor: 'ana' })],
    [
      'users/ada/choices/copilot',
      () => ({ choice: 'opt_out', actor: 'ana' }),
      () => ({ choice: 'unset', actor: 'ana' }),
    ],
    [
      'users/ana/choices/copilot',
      () => ({ choice: 'opt_in', actor: 'ana' }),
      () => ({ choice: 'opt_out', actor: 'ana' }),
    ],
  ])('PUT %s', async (path, same, other) => {
    const tenant = unique('tenant');
    const url = `/v1/tenants/${tenant}/${path}`;
    const first = await ask(service.headers, 'PUT', url, same(tenant), 'a key');
    expect(first.status).toBe(200);
    // A quoted string, as the draft writes it, is the same key.
    expect(await ask(service.headers, 'PUT', url, same(tenant), '"a key"')).toEqual(first);
    expect(await entriesOf(tenant)).toBe(1);
    expect(await ask(service.headers, 'PUT', url, other(tenant), 'a key')).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    expect(await entriesOf(tenant)).toBe(1);
  });

  test('overrides: set, and lifted', async () => {
    const tenant = unique('tenant');
    const override = { tenant, flag: 'ai.copilot', force: 'off', reason: 'INC-7', until: soon() };
    const set = () => ask(operator.headers, 'POST', '/v1/operator/overrides', override, tenant);
    const first = await set();
    expect(first).toMatchObject({ status: 201, body: { id: expect.any(String) } });
    expect(await set()).toEqual(first);
    const other = { ...override, force: 'on' };
    expect((await ask(operator.headers, 'POST', '/v1/operator/overrides', other, tenant)).status).toBe(422);
    const url = `/v1/operator/overrides/${String(first.body['id'])}?tenant=${tenant}&reason=over`;
    const lift = () => ask(operator.headers, 'DELETE', url, undefined, `${tenant}/lift`);
    const lifted = await lift();
    expect(lifted.status).toBe(200);
    expect(await lift()).toEqual(lifted);
    expect(await entriesOf(tenant)).toBe(2);
  });

  test('kills: placed, and revived', async () => {
    const tenant = unique('tenant');
    const kill = { scope: { tenant }, reason: 'INC-7' };
    const place = (body: object) => ask(operator.headers, 'POST', '/v1/operator/kills', body, tenant);
    const first = await place(kill);
    expect(first.status).toBe(201);
    expect((await place(kill)).body).toMatchObject({ id: first.body['id'], control: { state: 'held' } });
    expect((await place({ ...kill, reason: 'another' })).status).toBe(422);
    const url = `/v1/operator/kills/${String(first.body['id'])}/revive`;
    const revive = (fix: string) => ask(operator.headers, 'POST', url, { reason: 'ok', fix }, `${tenant}/revive`);
    const revived = await revive('#1');
    expect(revived.status).toBe(201);
    const { revision } = revived.body['control'] as { revision: string };
    expect((await revive('#1')).body).toMatchObject({ control: { state: 'held', revision } });
    expect((await revive('#2')).status).toBe(422);
  });
});

test('the keys of two callers, and of two tenants of one service, never meet', async () => {
  const [one, two] = [unique('tenant'), unique('tenant')];
  const [ana, bob] = await Promise.all([tenantAdmin(one, 'ana'), tenantAdmin(two, 'ana')]);
  const put = (headers: Record<string, string>, tenant: string, state: string, actor?: string) =>
    ask(headers, 'PUT', `/v1/tenants/${tenant}/consents/copilot`, { state, actor }, '1');
  expect((await put(ana, one, 'opt_in')).status).toBe(200);
  expect((await put(bob, two, 'opt_out')).status).toBe(200);
  expect((await put(service.headers, one, 'opt_out', 'zoe')).status).toBe(200);
  expect((await put(service.headers, two, 'opt_in', 'zoe')).status).toBe(409);
  expect((await put(service.headers, two, 'opt_out', 'zoe')).status).toBe(200);
});

test('after a commit without an answer, the key of the answer makes the repeat safe', async () => {
  const tenant = unique('tenant');
  const override = { tenant, flag: 'ai.copilot', force: 'off', reason: 'INC-7', until: soon() };
  const { apply } = DurableControl.prototype;
  const cut = vi.spyOn(DurableControl.prototype, 'apply').mockImplementationOnce(async function (
    this: DurableControl,
    change,
    write,
  ) {
    const { id } = await apply.call(this, change, write);
    throw new OutcomeUnknownError(id, new StoreError('outcome_unknown', 'COMMIT was sent'));
  });
  const unknown = await ask(operator.headers, 'POST', '/v1/operator/overrides', override);
  cut.mockRestore();
  expect(unknown).toMatchObject({
    status: 503,
    body: { code: 'outcome_unknown', id: expect.any(String), idempotencyKey: expect.any(String) },
  });
  const { id, idempotencyKey } = unknown.body;
  const again = await ask(operator.headers, 'POST', '/v1/operator/overrides', override, String(idempotencyKey));
  expect(again).toMatchObject({ status: 201, body: { id } });
  expect(await entriesOf(tenant)).toBe(1);
});

test.each(['', 'a\tb', 'é', 'x'.repeat(256)])('a key that can not be used is refused: %j', async (key) => {
  const url = `/v1/tenants/${unique('tenant')}/preferences`;
  expect((await ask(service.headers, 'PUT', url, { mode: 'shadow', actor: 'ana' }, key)).status).toBe(400);
});
