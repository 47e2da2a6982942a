import type { App } from '@rampart/gateway';
import { usePostgres } from '@rampart/services/vitest';
import { useUnleashServer } from '@rampart/unleash-server/vitest';
import { beforeAll, describe, expect, test } from 'vitest';
import { operator, useGateway } from './fixture.js';

const gateway = useGateway();
const unleash = useUnleashServer('8');
const postgres = usePostgres();
let app: App;

beforeAll(async () => {
  const { apiUrl, adminToken, clientToken } = unleash();
  const token = clientToken.development;
  app = await gateway({
    keep: true,
    database: postgres().url,
    unleash: { url: apiUrl, token, adminToken, refreshInterval: 600_000 },
  });
}, 60_000);

async function admin(method: string, path: string, body?: object): Promise<unknown> {
  const { url, adminToken } = unleash();
  const headers = { authorization: adminToken, 'content-type': 'application/json' };
  const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
  const response = await fetch(`${url}/api/admin/projects/default/features${path}`, init);
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return method === 'GET' ? response.json() : undefined;
}

/** A flag that is on in the environment `development`. */
async function newFlag(name: string): Promise<string> {
  await admin('POST', '', { name, type: 'kill-switch' });
  const strategy = { name: 'default', parameters: {}, constraints: [] };
  await admin('POST', `/${name}/environments/development/strategies`, strategy);
  await admin('POST', `/${name}/environments/development/on`);
  return name;
}

async function isOn(name: string): Promise<boolean | undefined> {
  const { environments } = (await admin('GET', `/${name}`)) as { environments: { name: string; enabled: boolean }[] };
  return environments.find((environment) => environment.name === 'development')?.enabled;
}

async function post(path: string, payload: object, more: Record<string, string> = {}) {
  const url = `/v1/operator/kills${path}`;
  const response = await app.inject({ method: 'POST', url, headers: { ...operator.headers, ...more }, payload });
  return { status: response.statusCode, body: response.json() };
}

describe('a kill', () => {
  test('switches the flag off in Unleash too, and a revival switches on what it had switched off', async () => {
    const flag = await newFlag('ai.victim');
    const { status, body } = await post('', { scope: { feature: flag }, reason: 'odd answers' });
    const places = [{ flag, project: 'default', environment: 'development' }];
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...{ settled: true, control: { state: 'held' }, unleash: { state: 'held', switched: places } },
    });
    expect(await isOn(flag)).toBe(false);
    const revived = await post(`/${body.id}/revive`, { reason: 'mended', fix: 'PR 12' });
    expect(revived.body).toMatchObject({ settled: true, unleash: { state: 'held', switched: places } });
    expect(await isOn(flag)).toBe(true);
  });

  test('switches the flag off in the environments that it names alone', async () => {
    const flag = await newFlag('ai.third');
    const order = { scope: { feature: flag }, reason: 'odd answers' };
    const { body } = await post('', { ...order, environments: ['production'] });
    expect(body).toMatchObject({ settled: true, unleash: { state: 'held', switched: [] } });
    expect(await isOn(flag)).toBe(true);
    expect((await post('', { ...order, environments: [] })).status).toBe(400);
    expect((await post('', { ...order, environments: ['development'] })).status).toBe(201);
    expect(await isOn(flag)).toBe(false);
  });

  test('holds in Unleash while the database is down, is told so, and holds in the log once it is back', async () => {
    const flag = await newFlag('ai.second');
    await postgres().kill();
    const order = { scope: { feature: flag }, reason: 'odd answers' };
    const { status, body } = await post('', order, { 'idempotency-key': 'second' });
    expect(status).toBe(202);
    expect(body).toMatchObject({
      control: { state: 'pending', error: expect.any(String) },
      unleash: { state: 'held' },
      running: true,
    });
    expect(await isOn(flag)).toBe(false);
    await postgres().start();
    const kills = async () =>
      (await app.inject({ url: '/v1/operator/kills', headers: operator.headers })).json().kills as unknown;
    await expect.poll(kills, { timeout: 30_000 }).toContainEqual(expect.objectContaining({ id: body.id }));
    // A repeat waits for the same order and gets its report: a new order would find nothing to switch off.
    const again = await post('', order, { 'idempotency-key': 'second' });
    expect(again).toMatchObject({
      status: 201,
      body: { id: body.id, settled: true, running: false, unleash: { switched: [{ flag }] } },
    });
  }, 60_000);
});
