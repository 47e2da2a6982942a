import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashKey } from '@rampart/gateway';
import { HOSTILITIES, type HostileRedis, startHostileRedis } from '@rampart/services';
import { usePostgres } from '@rampart/services/vitest';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FlagServer } from '../specification/src/flag-server.js';
import { rampart } from './support/rampart-command.js';
import { type RampartProcess, startRampart } from './support/rampart-process.js';

const KEY = 'rk_the-key-of-the-hostile-redis-test';
const postgres = usePostgres();
const flags = new FlagServer();
let folder: string;
let redis: HostileRedis;
let gateway: RampartProcess;
let url: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rampart-hostile-redis-'));
  await flags.start();
  const strategies = [{ name: 'default', parameters: {}, constraints: [] }];
  const unleash = flags.serve({ features: [{ name: 'plain', type: 'release', enabled: true, strategies }] });
  redis = await startHostileRedis();
  const config = join(folder, 'gateway.json');
  const keys = [{ name: 'service', hash: hashKey(KEY) }];
  writeFileSync(config, JSON.stringify({ keys, limits: { perKey: { points: 20, seconds: 1 } } }));
  const database = {
    RAMPART_DATABASE_URL: postgres().url,
    RAMPART_SECRET: 'a secret of thirty-two characters',
  };
  expect(await rampart(['migrate'], database)).toMatchObject({ code: 0 });
  gateway = startRampart(['serve', '--config', config, '--port', '0'], {
    ...database,
    NODE_OPTIONS: '--unhandled-rejections=strict',
    UNLEASH_URL: unleash,
    UNLEASH_CLIENT_TOKEN: '*:development.not-a-secret',
    REDIS_URL: redis.url,
  });
  await vi.waitFor(() => expect(gateway.said()).toMatch(/listening at http/), 60_000);
  url = /listening at (http:\/\/127.0.0.1:\d+)/.exec(gateway.said())?.[1] ?? '';
  await vi.waitFor(async () => expect((await fetch(`${url}/readyz`)).status).toBe(200), 60_000);
  await vi.waitFor(() => expect(redis.subscriptions()).toBeGreaterThan(0), 10_000);
});

afterAll(async () => {
  gateway.child.kill('SIGKILL');
  await redis.close();
  await flags.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function evaluate(): Promise<{ readonly status: number; readonly value: unknown }> {
  const response = await fetch(`${url}/ofrep/v1/evaluate/flags/plain`, {
    method: 'POST',
    headers: { authorization: KEY, 'content-type': 'application/json' },
    body: JSON.stringify({ context: { targetingKey: 'user-1', tenantId: 'acme' } }),
  });
  const { value } = (await response.json()) as { readonly value?: unknown };
  return { status: response.status, value };
}

describe('a gateway process under --unhandled-rejections=strict', () => {
  it.each(HOSTILITIES)('answers while Redis is %s after a reconnect', async (hostility) => {
    const before = redis.hostileReplies();
    redis.turnHostile(hostility);
    await vi.waitFor(() => expect(redis.hostileReplies()).toBeGreaterThan(before + 1), 20_000);
    expect(await evaluate()).toEqual({ status: 200, value: true });
    expect(gateway.child.exitCode).toBeNull();
  });

  it('stops at once, with exit code 0', async () => {
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toBe(0);
  });
});
