import type { AddressInfo } from 'node:net';
import type { App } from '@rampart/gateway';
import { usePostgres, useRedis } from '@rampart/services/vitest';
import { useUnleashServer } from '@rampart/unleash-server/vitest';
import { describe, expect, test, vi } from 'vitest';
import { FLAGS, page, service, useGateway } from './fixture.js';

const SECRET = 'a secret that Unleash sends';
const gateway = useGateway();

describe('the webhook', () => {
  const call = (app: App, headers: Record<string, string> = {}, payload: string | Buffer = '{}') =>
    app.inject({ method: 'POST', url: '/v1/unleash/webhook', headers, payload });

  test('is refused without its secret, and where none is configured', async () => {
    const app = await gateway({ webhookSecret: SECRET });
    for (const authorization of ['', 'another', `${SECRET}x`, SECRET.slice(1), service.headers.authorization]) {
      expect((await call(app, { authorization })).statusCode).toBe(401);
    }
    expect((await call(app)).statusCode).toBe(401);
    expect((await call(app, await page())).statusCode).toBe(401);
    const closed = await gateway();
    for (const authorization of ['', 'undefined', SECRET]) {
      expect((await call(closed, { authorization })).statusCode).toBe(403);
    }
  });

  test('takes any body up to the limit', async () => {
    const app = await gateway({ webhookSecret: SECRET, limits: { bodyBytes: 2_048 } });
    for (const authorization of [SECRET, `Bearer ${SECRET}`]) {
      const send = (type: string, body: string | Buffer) => call(app, { authorization, 'content-type': type }, body);
      expect((await send('application/json', '{"event":"feature-updated"}')).statusCode).toBe(202);
      expect((await send('application/json', 'no JSON')).statusCode).toBe(202);
      expect((await send('text/x-anything', 'a=b')).statusCode).toBe(202);
      expect((await send('application/octet-stream', Buffer.from([0, 255]))).statusCode).toBe(202);
      expect((await send('application/json', 'x'.repeat(2_049))).statusCode).toBe(413);
    }
    expect((await call(app, { authorization: SECRET }, '')).statusCode).toBe(202);
  });
});

describe.each(['7', '8'] as const)('with Unleash %s', (version) => {
  const unleash = useUnleashServer(version);
  const [postgres, redis] = [usePostgres(), useRedis()];

  const admin = async (method: string, path: string, body?: object): Promise<void> => {
    const { url, adminToken } = unleash();
    const response = await fetch(`${url}/api/admin${path}`, {
      method,
      headers: { authorization: adminToken, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  };
  const turn = (flag: string, way: 'on' | 'off') =>
    admin('POST', `/projects/default/features/${flag}/environments/development/${way}`);
  const isOn = async (app: App, flag: string): Promise<boolean> => {
    const url = `/ofrep/v1/evaluate/flags/${flag}`;
    const answer = await app.inject({ method: 'POST', url, headers: service.headers, payload: { context: {} } });
    return answer.json().value as boolean;
  };

  test('an edit is live on every instance, long before the next poll', async () => {
    const shared = {
      unleash: { url: unleash().apiUrl, token: unleash().clientToken.development, refreshInterval: 600_000 },
      ...{ database: (await postgres().newDatabase()) as string, redis: redis().url, webhookSecret: SECRET },
    };
    const [told, other] = [await gateway({ ...shared, listen: true }), await gateway(shared)];
    const { port } = told.server.address() as AddressInfo;
    await admin('POST', '/addons', {
      ...{ provider: 'webhook', description: 'gateway', enabled: true, projects: [], environments: [] },
      parameters: { url: `http://127.0.0.1:${port}/v1/unleash/webhook`, authorization: SECRET },
      events: ['feature-environment-enabled', 'feature-environment-disabled'],
    });
    await admin('POST', '/projects/default/features', { name: 'edited', type: 'release' });
    await admin('POST', '/projects/default/features/edited/environments/development/strategies', {
      ...{ name: 'default', parameters: {}, constraints: [] },
    });
    // Unleash reads its integrations when it starts, and once a minute.
    await unleash().kill();
    await unleash().start();
    await vi.waitFor(
      async () => {
        await turn('edited', 'off');
        await turn('edited', 'on');
        await expect.poll(() => isOn(told, 'edited'), { timeout: 3_000 }).toBe(true);
      },
      { timeout: 120_000, interval: 100 },
    );
    await expect.poll(() => isOn(other, 'edited'), { timeout: 10_000 }).toBe(true);
    for (const way of ['off', 'on', 'off'] as const) {
      await turn('edited', way);
      for (const app of [told, other]) {
        await expect.poll(() => isOn(app, 'edited'), { timeout: 10_000 }).toBe(way === 'on');
      }
    }
  }, 240_000);
});

describe('instances that share PostgreSQL and Redis', () => {
  const [postgres, redis] = [usePostgres(), useRedis()];
  const context = { targetingKey: 'ada', tenantId: '7', tier: 'pro', labels: [] };

  test('a consent written on one is in force on the other', async () => {
    const shared = {
      unleash: { url: gateway.unleashUrl(FLAGS), token: 'default:development.test', refreshInterval: 600_000 },
      ...{ database: (await postgres().newDatabase()) as string, redis: redis().url, environment: 'two' },
    };
    const [one, two] = [await gateway(shared), await gateway(shared)];
    const say = async (app: App, state: string) => {
      const url = '/v1/tenants/7/consents/copilot';
      const payload = { state, actor: 'ana', expected: 'any' };
      return (await app.inject({ method: 'PUT', url, headers: service.headers, payload })).json().revision as string;
    };
    const ask = async (app: App, more: object = {}) => {
      const url = '/ofrep/v1/evaluate/flags/ai.copilot';
      const payload = { context: { ...context, ...more } };
      return (await app.inject({ method: 'POST', url, headers: service.headers, payload })).json().value as boolean;
    };
    expect([await ask(one), await ask(two)]).toEqual([false, false]);
    for (const [state, on] of [
      ['opt_in', true],
      ['opt_out', false],
      ['opt_in', true],
    ] as const) {
      const consentRevision = await say(one, state);
      // Who names the revision waits for it; everybody else has it soon.
      expect(await ask(two, { consentRevision })).toBe(on);
      await expect.poll(() => ask(two), { timeout: 5_000 }).toBe(on);
      expect(await ask(one)).toBe(on);
    }
  });
});
