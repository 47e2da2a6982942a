import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Client,
  ErrorCode,
  InMemoryProvider,
  MultiProvider,
  OpenFeature,
  ProviderEvents,
} from '@openfeature/server-sdk';
import { createRampart, type Rampart, type RampartOptions } from '@rampart/sdk';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BreakableUnleash } from './support/unleash-api.js';

const plain = (name: string, more: object = {}): object => ({
  name,
  enabled: true,
  strategies: [{ name: 'default', parameters: {}, constraints: [] }],
  ...more,
});

const feature = {
  name: 'ai.copilot',
  enabled: true,
  strategies: [{ name: 'aiAccess', parameters: { featureClass: 'copilot', consent: 'opt_out' }, constraints: [] }],
};

const change = {
  name: 'ai.copilot.v1',
  enabled: true,
  dependencies: [{ feature: 'ai.copilot' }],
  strategies: [{ name: 'aiStage', parameters: { stage: 'ga', rollout: '100', groupId: 'v1' }, constraints: [] }],
};

const subject = { targetingKey: 'ana', tenantId: 'acme' };

let server: BreakableUnleash;
let rampart: Rampart | undefined;
let folder: string;
let round = 0;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rampart-'));
  server = new BreakableUnleash();
  server.flags = [plain('plain'), feature, change];
  await server.start();
});

afterEach(async () => {
  await rampart?.close();
  await OpenFeature.clearProviders();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

function build(
  unleash: object = {},
  options: Partial<RampartOptions> = {},
): { client: ReturnType<typeof OpenFeature.getClient>; events: string[]; domain: string } {
  rampart = createRampart({
    unleash: {
      url: server.url,
      appName: 'lifecycle',
      refreshInterval: 50,
      metricsInterval: 60_000,
      backupPath: folder,
      skipInstanceCountWarning: true,
      ...unleash,
    },
    initTimeoutMs: 1_000,
    staleAfterMs: 200,
    logger: silent,
    ...options,
  });
  const domain = `lifecycle-${(round += 1)}`;
  const client = OpenFeature.getClient(domain);
  const events: string[] = [];
  for (const event of Object.values(ProviderEvents)) {
    client.addHandler(event, (details) => {
      const changed = (details as { flagsChanged?: string[] } | undefined)?.flagsChanged;
      events.push(changed === undefined ? event : `${event} ${changed.join(' ')}`);
    });
  }
  return { client, events, domain };
}

const register = (domain: string) => OpenFeature.setProviderAndWait(domain, (rampart as Rampart).provider);
const until = (check: () => unknown) =>
  vi.waitFor(() => expect(check()).toBeTruthy(), { timeout: 15_000, interval: 10 });

async function expectClosed(client: Client, flag: string, detail: string): Promise<void> {
  const answer = await client.getBooleanDetails(flag, true, subject);
  expect(answer).toMatchObject({ value: false, flagMetadata: { outcome: 'off', gate: 'flag', detail } });
  expect(answer.errorCode).toBeUndefined();
}

describe('start', () => {
  it('is ready once, with a server', async () => {
    const { client, events, domain } = build();
    await register(domain);
    expect(await client.getBooleanValue('ai.copilot', false, subject)).toBe(true);
    expect(await client.getBooleanValue('plain', false)).toBe(true);
    await until(() => server.requests > 4);
    expect(events).toEqual(['PROVIDER_READY']);
  });

  it.each([401, 403])('fails for good on %i, and closes AI flags', async (status) => {
    server.behaviour = status;
    const { client, events, domain } = build();
    const final: unknown[] = [];
    client.addHandler(ProviderEvents.Error, (details) => void final.push(details?.metadata?.['final']));
    await expect(register(domain)).rejects.toMatchObject({ code: ErrorCode.PROVIDER_NOT_READY, final: true });
    await until(() => events.length > 1);
    // OpenFeature's own, which can't carry metadata, and the provider's.
    expect(final).toEqual([undefined, true]);
    expect(client.providerStatus).toBe('ERROR');
    await expectClosed(client, 'ai.copilot', 'refused');
    await expectClosed(client, 'ai.never', 'refused');
    expect(await client.getBooleanDetails('plain', true)).toMatchObject({
      value: true,
      errorCode: 'PROVIDER_NOT_READY',
    });
    expect(events).toEqual(['PROVIDER_ERROR', 'PROVIDER_ERROR']);
  });

  it.each(['silent', 503, 'refused'] as const)(
    'rejects in time where the server is %s, and gets ready when it answers',
    async (state) => {
      if (state === 'refused') await server.stop();
      else server.behaviour = state;
      const { client, events, domain } = build({ timeout: 1_000 });
      const registered = register(domain).catch((error: unknown) => error);
      await expectClosed(client, 'ai.copilot', 'not_ready');
      expect(await registered).toMatchObject({ code: ErrorCode.PROVIDER_NOT_READY });
      await expectClosed(client, 'ai.copilot', 'not_ready');
      expect(events).toEqual(['PROVIDER_ERROR']);
      if (state === 'refused') await server.start();
      else server.behaviour = 'ok';
      await until(() => events.includes('PROVIDER_READY'));
      expect(await client.getBooleanValue('ai.copilot', false, subject)).toBe(true);
      expect(events.filter((event) => event === 'PROVIDER_READY')).toHaveLength(1);
    },
  );

  it('serves a bootstrap, and says STALE until the server answers', async () => {
    await server.stop();
    const { client, events, domain } = build({ bootstrap: { data: server.flags } });
    await register(domain);
    await until(() => events.includes('PROVIDER_STALE'));
    expect(await client.getBooleanDetails('ai.copilot', false, subject)).toMatchObject({
      value: true,
      reason: 'STALE',
    });
    expect(await client.getBooleanDetails('plain', false)).toMatchObject({ value: true, reason: 'STALE' });
    await server.start();
    await until(() => events.filter((event) => event === 'PROVIDER_READY').length === 2);
    expect(await client.getBooleanDetails('ai.copilot', false, subject)).toMatchObject({
      value: true,
      reason: 'TARGETING_MATCH',
    });
    expect(events.filter((event) => event === 'PROVIDER_STALE')).toHaveLength(1);
  });

  it('serves a backup of an earlier run', async () => {
    writeFileSync(
      join(folder, 'unleash-backup-lifecycle.json'),
      JSON.stringify({ version: 2, features: server.flags }),
    );
    await server.stop();
    const { client, events, domain } = build();
    await register(domain);
    await until(() => events.includes('PROVIDER_STALE'));
    expect(await client.getBooleanDetails('ai.copilot', false, subject)).toMatchObject({
      value: true,
      reason: 'STALE',
    });
  });

  it('knows from the backup that a feature was live before it was switched off', async () => {
    const backup = JSON.stringify({ version: 2, features: [feature] });
    writeFileSync(join(folder, 'unleash-backup-lifecycle.json'), backup);
    await server.stop();
    const { domain } = build();
    await register(domain);
    server.flags = [{ ...feature, enabled: false }];
    await server.start();
    await until(() => rampart?.flags.origin() === 'server');
    expect(rampart?.decide('ai.copilot', subject)).toMatchObject({ outcome: 'unavailable', detail: 'feature_off' });
  });

  it('never serves the backup of another environment under the same name', async () => {
    const own = { appName: `shared-${process.pid}`, backupPath: undefined };
    const development = { ...own, customHeaders: { Authorization: 'development' } };
    const first = build(development);
    await register(first.domain);
    await rampart?.close();
    await server.stop();
    const production = build({ ...own, customHeaders: { Authorization: 'production' } });
    await expect(register(production.domain)).rejects.toMatchObject({ code: ErrorCode.PROVIDER_NOT_READY });
    await rampart?.close();
    const again = build(development);
    await register(again.domain);
    expect(await again.client.getBooleanValue('ai.copilot', false, subject)).toBe(true);
  });
});

describe('after the first sync', () => {
  it.each([404, 429, 503, 'refused'] as const)(
    'goes stale while the server answers %s, and recovers',
    async (state) => {
      const { client, events, domain } = build();
      await register(domain);
      if (state === 'refused') await server.stop();
      else server.behaviour = state;
      await until(() => events.includes('PROVIDER_STALE'));
      expect(await client.getBooleanDetails('ai.copilot', false, subject)).toMatchObject({
        value: true,
        reason: 'STALE',
      });
      if (state === 'refused') await server.start();
      else server.behaviour = 'ok';
      await until(() => events.at(-1) === 'PROVIDER_READY');
      expect(events).toEqual(['PROVIDER_READY', 'PROVIDER_STALE', 'PROVIDER_READY']);
      expect((await client.getBooleanDetails('ai.copilot', false, subject)).reason).toBe('TARGETING_MATCH');
    },
  );

  it('a revoked key is final: the last flags are served as stale, and AI flags still close', async () => {
    const { client, events, domain } = build();
    await register(domain);
    server.behaviour = 401;
    await until(() => events.includes('PROVIDER_ERROR'));
    // OpenFeature would answer a FATAL provider's callers with their defaults, which may be true.
    expect(client.providerStatus).toBe('ERROR');
    expect(await client.getBooleanDetails('ai.copilot', true, { targetingKey: 'ana' })).toMatchObject({
      value: false,
      reason: 'STALE',
    });
    expect(events).toEqual(['PROVIDER_READY', 'PROVIDER_ERROR']);
  });

  it.each(['ok', 'ok_without_etag'] as const)('names what changed and nothing else (%s)', async (behaviour) => {
    server.behaviour = behaviour;
    const { client, events, domain } = build();
    await register(domain);
    const before = server.requests;
    await until(() => server.requests > before + 3);
    server.flags = [plain('plain'), { ...feature, enabled: false }, change, plain('new')];
    await until(() => events.length > 1);
    const asked = server.requests;
    await until(() => server.requests > asked + 3);
    expect(events).toEqual(['PROVIDER_READY', 'PROVIDER_CONFIGURATION_CHANGED ai.copilot ai.copilot.v1 new']);
    expect(await client.getBooleanDetails('ai.copilot', true, subject)).toMatchObject({
      value: false,
      reason: 'DISABLED',
    });
  });

  it('hands tracked events to the metrics of Unleash', async () => {
    const { client, domain } = build();
    await register(domain);
    client.track('copilot_latency', subject, { value: 0.4 });
    client.track('copilot_latency', subject, { value: 0.2 });
    client.track('copilot_thumbs_up', subject);
    await rampart?.close();
    const sent = server.metrics.flatMap(
      (body) => (body as { impactMetrics?: { name: string; samples: object[] }[] }).impactMetrics ?? [],
    );
    const found = new Map(sent.map(({ name, samples }) => [name, samples[0]]));
    expect(found.get('copilot_latency')).toMatchObject({ count: 2, sum: expect.closeTo(0.6, 6) });
    expect(found.get('copilot_thumbs_up')).toMatchObject({ count: 1, sum: 1 });
  });

  it('reports usage when it closes, once, and leaves no socket', async () => {
    const { client, domain } = build();
    await register(domain);
    await client.getBooleanValue('ai.copilot.v1', false, subject);
    await client.getBooleanValue('ai.copilot.v1', false, { ...subject, aiOptOut: true });
    await client.getBooleanValue('plain', false);
    await Promise.all([rampart?.close(), rampart?.close()]);
    await rampart?.close();
    expect(server.metrics).toHaveLength(1);
    expect(server.metrics[0]).toMatchObject({
      bucket: {
        toggles: {
          'ai.copilot.v1': { yes: 1, no: 1 },
          plain: { yes: 1, no: 0 },
        },
      },
    });
    const asked = server.requests;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(server.requests).toBe(asked);
    await until(() => server.openSockets === 0);
  });
});

describe('names and types that trip others', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];

  it.each(names)('a missing flag named %s is not found, and nothing is written to Object.prototype', async (name) => {
    const { client, domain } = build();
    await register(domain);
    for (const details of [
      await client.getBooleanDetails(name, true, subject),
      await client.getStringDetails(name, 'mine', subject),
      await client.getObjectDetails(name, {}, subject),
    ]) {
      expect(details.errorCode).toBe(ErrorCode.FLAG_NOT_FOUND);
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as Record<string, unknown>)['no']).toBeUndefined();
    expect(Object.hasOwn(Object, 'no') || Object.hasOwn(Object, 'yes')).toBe(false);
  });

  it('an existing flag named constructor is answered, plain or AI', async () => {
    server.flags = [plain('constructor'), { ...feature, name: 'toString' }];
    const { client, domain } = build();
    await register(domain);
    expect(await client.getBooleanValue('constructor', false)).toBe(true);
    expect(await client.getBooleanValue('toString', false, subject)).toBe(true);
    expect(Object.hasOwn(Object, 'yes') || Object.hasOwn(Object.prototype.toString, 'yes')).toBe(false);
  });

  it('a missing flag falls through to the next provider', async () => {
    const { domain } = build();
    const second = new InMemoryProvider({
      elsewhere: { disabled: false, defaultVariant: 'on', variants: { on: true } },
    });
    await OpenFeature.setProviderAndWait(
      domain,
      new MultiProvider([{ provider: (rampart as Rampart).provider }, { provider: second }]),
    );
    const client = OpenFeature.getClient(domain);
    expect(await client.getBooleanValue('elsewhere', false)).toBe(true);
    expect(await client.getBooleanValue('plain', false)).toBe(true);
    expect(await client.getBooleanValue('ai.copilot', true, { ...subject, aiOptOut: true })).toBe(false);
  });

  it.each([true, false])('a default of %s never opens a closed AI flag', async (value) => {
    const { client, domain } = build();
    await register(domain);
    for (const flag of ['ai.copilot', 'ai.copilot.v1']) {
      const details = await client.getBooleanDetails(flag, value, { targetingKey: 'ana' });
      expect(details).toMatchObject({ value: false, flagMetadata: { gate: 'consent', outcome: 'off' } });
      expect(details.errorCode).toBeUndefined();
    }
  });

  it('payloads: JSON is parsed and can not be changed, broken ones are errors and never 0', async () => {
    const variant = (type: string, value: string) => ({
      variants: [{ name: 'v', weight: 1000, payload: { type, value }, stickiness: 'default' }],
    });
    server.flags = [
      plain('json', variant('json', '{"a":{"b":1}}')),
      plain('broken', variant('json', '{')),
      plain('empty-number', variant('number', '')),
      plain('number', variant('number', '2.5')),
    ];
    const { client, domain } = build();
    await register(domain);
    const value = await client.getObjectValue('json', {});
    expect(value).toEqual({ a: { b: 1 } });
    expect(() => Object.assign((value as { a: object }).a, { b: 2 })).toThrow(TypeError);
    expect(await client.getObjectDetails('broken', { mine: 1 })).toMatchObject({
      value: { mine: 1 },
      errorCode: ErrorCode.PARSE_ERROR,
    });
    const empty = await client.getNumberDetails('empty-number', 7);
    expect(empty.value).toBe(7);
    expect([ErrorCode.PARSE_ERROR, ErrorCode.TYPE_MISMATCH]).toContain(empty.errorCode);
    expect(await client.getNumberValue('number', 7)).toBe(2.5);
    expect(await client.getNumberDetails('json', 7)).toMatchObject({ value: 7, errorCode: ErrorCode.TYPE_MISMATCH });
  });
});
