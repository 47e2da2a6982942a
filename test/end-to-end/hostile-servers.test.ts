import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashKey } from '@rampart/gateway';
import {
  HOSTILITIES,
  type HostileHttp,
  type HostileRedis,
  HTTP_HOSTILITIES,
  startHostileHttp,
  startHostileRedis,
} from '@rampart/services';
import { usePostgres } from '@rampart/services/vitest';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { rampart } from './support/rampart-command.js';
import { type RampartProcess, startRampart } from './support/rampart-process.js';

const KEY = 'rk_the-key-of-the-hostile-servers-test';
const postgres = usePostgres();
const FEATURES = '/api/client/features';
const KEYS = '/keys';
let folder: string;
let redis: HostileRedis;
/** Unleash and the identity provider. */
let http: HostileHttp;
let gateway: RampartProcess;
let url: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rampart-hostile-servers-'));
  const strategies = [{ name: 'default', parameters: {}, constraints: [] }];
  const features = [{ name: 'plain', type: 'release', enabled: true, strategies }];
  http = await startHostileHttp({ [FEATURES]: { version: 2, features }, [KEYS]: { keys: [] } });
  redis = await startHostileRedis();
  const config = join(folder, 'gateway.json');
  const keys = [{ name: 'service', hash: hashKey(KEY) }];
  const identity = { issuer: 'i', audience: 'a', algorithms: ['RS256'], jwksUrl: `${http.url}${KEYS}` };
  const unleash = { refreshInterval: 200 };
  writeFileSync(config, JSON.stringify({ keys, unleash, identity, limits: { perKey: { points: 20, seconds: 1 } } }));
  const database = {
    RAMPART_DATABASE_URL: postgres().url,
    RAMPART_SECRET: 'a secret of thirty-two characters',
  };
  await rampart(['migrate'], database);
  gateway = startRampart(['serve', '--config', config, '--port', '0'], {
    ...database,
    NODE_OPTIONS: '--unhandled-rejections=strict',
    UNLEASH_URL: `${http.url}/api`,
    UNLEASH_CLIENT_TOKEN: '*:development.not-a-secret',
    REDIS_URL: redis.url,
  });
  await vi.waitUntil(() => gateway.said().includes('listening at http'), { timeout: 60_000 });
  url = /listening at (http:\/\/127.0.0.1:\d+)/.exec(gateway.said())?.[1] ?? '';
  await vi.waitUntil(async () => (await fetch(`${url}/readyz`)).ok, { timeout: 60_000 });
  await vi.waitUntil(() => redis.subscriptions() > 0, { timeout: 10_000 });
});

afterAll(async () => {
  gateway.child.kill('SIGKILL');
  await redis.close();
  await http.close();
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

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
/** Of a key that the identity provider has to be asked for. */
const newUserToken = (): string => `${encoded({ alg: 'RS256', kid: randomUUID() })}.${encoded({ sub: 'ana' })}.AAAA`;

describe('a gateway process under --unhandled-rejections=strict', () => {
  it.each(HOSTILITIES)('answers while Redis is %s after a reconnect', async (hostility) => {
    const before = redis.hostileReplies();
    redis.turnHostile(hostility);
    await vi.waitFor(() => expect(redis.hostileReplies()).toBeGreaterThan(before + 1), 20_000);
    expect(await evaluate()).toEqual({ status: 200, value: true });
    expect(gateway.child.exitCode).toBeNull();
  });

  it.each(HTTP_HOSTILITIES)('answers while Unleash and the identity provider are %s', async (hostility) => {
    const before = http.hostileAnswers(FEATURES);
    http.turnHostile(hostility);
    const status = async () => {
      const headers = { authorization: `Bearer ${newUserToken()}` };
      return (await fetch(`${url}/v1/operator/kills`, { headers })).status;
    };
    expect([401, 503]).toContain(await status());
    await vi.waitFor(() => expect(http.hostileAnswers(FEATURES)).toBeGreaterThan(before), 30_000);
    expect(await evaluate()).toEqual({ status: 200, value: true });
    expect(gateway.child.exitCode).toBeNull();
  });

  it('stops at once, with exit code 0', async () => {
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toBe(0);
  });
});
