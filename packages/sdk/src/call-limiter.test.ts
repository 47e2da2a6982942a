import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isControlInputError } from '@rampart/core';
import { startRedis } from '@rampart/services';
import { useRedis } from '@rampart/services/vitest';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createCallLimiter } from './call-limiter.js';
import { createControl } from './create-control.js';
import type { DurableControl } from './durable-control.js';

const decision = (maxPerHour?: number, change = 'ai.f.c') => ({
  enabled: true,
  feature: 'ai.f',
  change,
  limits: { maxPerHour },
});
const redis = useRedis();
const controls: DurableControl[] = [];

/** A process of an environment; its database is never asked. */
function joined(environment: string, url = redis().url): DurableControl {
  const database = 'postgres://127.0.0.1:1/none';
  const secret = randomBytes(24).toString('hex');
  const control = createControl({ database, secret, redis: url, environment });
  controls.push(control);
  return control;
}

/** The rights that docs/run-redis.md asks for. */
const [rules = ''] = /~rampart:\*[^`]*/.exec(readFileSync('docs/run-redis.md', 'utf8')) ?? [];

afterEach(() => Promise.all(controls.splice(0).map((control) => control.close())));

it('processes count together with no more rights than the documentation asks for', async () => {
  const server = await startRedis({ acl: { username: 'rampart', password: randomBytes(12).toString('hex'), rules } });
  try {
    const [one, other] = [joined('acl', server.url), joined('acl', server.url)].map((control) =>
      createCallLimiter({ control }),
    );
    const ask = { decision: decision(2), tenantId: 't' };
    await vi.waitFor(async () =>
      expect(await one?.consume({ ...ask, tenantId: 'first' })).toMatchObject({ shared: true }),
    );
    expect(await one?.consume(ask)).toMatchObject({ allowed: true, shared: true });
    expect(await other?.consume(ask)).toMatchObject({ allowed: true, remaining: 0, shared: true });
    expect(await one?.consume(ask)).toMatchObject({ allowed: false, shared: true });
  } finally {
    await Promise.all(controls.splice(0).map((control) => control.close()));
    await server.stop();
  }
});

describe('in one process', () => {
  it('allows as many calls as the change may make in an hour, per tenant and change', async () => {
    const limiter = createCallLimiter();
    const ask = (tenantId: string, change?: string) => limiter.consume({ decision: decision(2, change), tenantId });
    expect(await ask('t1')).toEqual({ allowed: true, remaining: 1, resetsIn: expect.any(Number), shared: false });
    expect(await ask('t1')).toMatchObject({ allowed: true, remaining: 0 });
    const refused = await ask('t1');
    expect(refused).toMatchObject({ allowed: false, remaining: 0 });
    expect(refused.resetsIn).toBeGreaterThan(3_590_000);
    expect(refused.resetsIn).toBeLessThanOrEqual(3_600_000);
    expect(await ask('t2')).toMatchObject({ allowed: true });
    expect(await ask('t1', 'ai.f.other')).toMatchObject({ allowed: true });
  });

  it('counts nothing that it refuses, so that a smaller call still fits', async () => {
    const limiter = createCallLimiter();
    const ask = (units: number) => limiter.consume({ decision: decision(10), tenantId: 't', units });
    expect(await ask(8)).toMatchObject({ allowed: true, remaining: 2 });
    expect(await ask(5)).toMatchObject({ allowed: false, remaining: 2 });
    expect(await ask(2)).toMatchObject({ allowed: true, remaining: 0 });
  });

  it('goes by the limit of the moment', async () => {
    const limiter = createCallLimiter();
    const ask = (most: number) => limiter.consume({ decision: decision(most), tenantId: 't', units: 5 });
    expect(await ask(5)).toMatchObject({ allowed: true, remaining: 0 });
    expect(await ask(10)).toMatchObject({ allowed: true, remaining: 0 });
    expect(await ask(5)).toMatchObject({ allowed: false, remaining: 0 });
  });

  it('allows all without a limit, none where the decision is closed, and refuses bad input', async () => {
    const limiter = createCallLimiter();
    expect(await limiter.consume({ decision: decision(), tenantId: 't' })).toMatchObject({ allowed: true });
    const closed = { ...decision(), enabled: false };
    expect(await limiter.consume({ decision: closed, tenantId: 't' })).toMatchObject({ allowed: false, remaining: 0 });
    for (const bad of [{ units: 0 }, { units: 1.5 }, { units: Number.NaN }, { tenantId: '' }]) {
      await expect(limiter.consume({ decision: decision(1), tenantId: 't', ...bad })).rejects.toSatisfy(
        isControlInputError,
      );
    }
  });
});

describe('with Redis', () => {
  it('all processes of an environment count together, at once too, and other environments apart', async () => {
    const environment = randomUUID();
    const limiters = [joined(environment), joined(environment)].map((control) => createCallLimiter({ control }));
    const ask = async (limiter = limiters[0], tenantId = 't') => limiter?.consume({ decision: decision(10), tenantId });
    await vi.waitFor(async () => {
      for (const limiter of limiters) expect(await ask(limiter, randomUUID())).toMatchObject({ shared: true });
    });
    const answers = await Promise.all(Array.from({ length: 30 }, (_, at) => ask(limiters[at % 2])));
    expect(answers.filter((answer) => answer?.allowed)).toHaveLength(10);
    await vi.waitFor(async () => expect(await ask()).toMatchObject({ allowed: false, remaining: 0, shared: true }));
    const other = createCallLimiter({ control: joined(randomUUID()) });
    await vi.waitFor(async () => expect(await ask(other)).toMatchObject({ allowed: true, shared: true }));
  });

  it('goes on in the process while Redis is down, and says so', async () => {
    const control = joined(randomUUID());
    const limiter = createCallLimiter({ control });
    await control.redis?.close();
    const ask = () => limiter.consume({ decision: decision(1), tenantId: 't' });
    expect(await ask()).toMatchObject({ allowed: true, shared: false });
    expect(await ask()).toMatchObject({ allowed: false, shared: false });
  });
});

describe('hints', () => {
  it('reach every process of the environment, and no other', async () => {
    const environment = randomUUID();
    const [one, two, other] = [joined(environment), joined(environment), joined(randomUUID())];
    const heard: string[] = [];
    const stops = [one, two, other].map((control, at) => control.hints?.listen('flags', () => heard.push(`${at}`)));
    two.hints?.listen('another', () => heard.push('another'));
    await vi.waitFor(() => {
      one.hints?.send('flags');
      expect(new Set(heard)).toEqual(new Set(['0', '1']));
    });
    for (const stop of stops) stop?.();
  });
});
