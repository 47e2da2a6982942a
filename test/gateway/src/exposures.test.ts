import type { AddressInfo } from 'node:net';
import type { App } from '@rampart/gateway';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { rampart } from '../../end-to-end/support/rampart-command.js';
import { operator, page, service, useGateway } from './fixture.js';

const gateway = useGateway();
const lines: string[] = [];
let app: App;

beforeAll(async () => {
  const logTo = { write: (line: string) => lines.push(line) };
  app = await gateway({ keep: true, listen: true, exposures: true, logLevel: 'warn', logTo });
  for (const tenant of ['7', '8']) {
    const payload = { state: 'opt_in', actor: 'ana', expected: 'any' };
    const url = `/v1/tenants/${tenant}/consents/copilot`;
    await app.inject({ method: 'PUT', url, headers: service.headers, payload });
  }
});

async function evaluate(context: object, headers: Record<string, string> = service.headers) {
  const url = '/ofrep/v1/evaluate/flags/ai.copilot';
  const answer = await app.inject({ method: 'POST', url, headers, payload: { context } });
  return (answer.json() as { value?: unknown }).value;
}

async function exposures(): Promise<number> {
  const payload = { from: 0, to: Date.now() + 60_000 };
  const url = '/v1/operator/exposure-audit';
  const answer = await app.inject({ method: 'POST', url, headers: operator.headers, payload });
  return (answer.json() as { exposures: number }).exposures;
}

test('an id that nobody can store keeps no exposure from the audit, and stays out of the log', async () => {
  const facts = { tenantId: '7', tier: 'pro', labels: [] as string[] };
  const asked = [
    await evaluate({ ...facts, targetingKey: 'ada@x.com ' }),
    await evaluate({ ...facts, targetingKey: `ada@x.com${'x'.repeat(255)}` }),
    await evaluate({ ...facts, targetingKey: 'bo', labels: ['x'.repeat(7_600)] }),
    await evaluate({}, await page({ sub: 'ada@x.com ', tenant_id: '8', tier: 'pro', labels: [] })),
    await evaluate({ ...facts, targetingKey: 'cy' }),
  ];
  expect(asked).toEqual(asked.map(() => true));
  // Labels that can't be read are unknown, and close: there is no exposure.
  for (const label of ['ada@x.com\0', '"'.repeat(4_000)])
    expect(await evaluate({ ...facts, targetingKey: 'bo', labels: [label] })).toBe(false);
  await vi.waitFor(async () => expect(await exposures()).toBe(asked.length), 5_000);
  expect(lines.join('')).toContain('kept without user: take away the space at its start or end');
  expect(lines.join('')).not.toContain('ada@x.com');
});

test('a tenant that nobody can store is said once, and not by its name', async () => {
  const before = lines.length;
  for (const tenantId of ['jane@acme.com ', 'joe@acme.com ', 'jane@acme.com ']) {
    expect(await evaluate({ tenantId, targetingKey: 'ada', tier: 'pro', labels: [] })).toBe(false);
  }
  const said = lines.slice(before).join('');
  expect(said.match(/control state of a tenant/g)).toHaveLength(1);
  expect(said).toContain('tenantId: take away the space at its start or end');
  expect(said).not.toContain('acme.com');
});

const STANDING = {
  OFREP: { method: 'POST', url: '/ofrep/v1/evaluate/flags?flagConfigEtag=.', payload: { context: {} } },
  'the Frontend API': { method: 'GET', url: '/api/frontend' },
} as const;

// With "not modified" a page has AI on as before, for up to half a day.
test.each(Object.entries(STANDING))('what %s gave is noted once a minute also while it stands', async (name, asked) => {
  const headers = await page({ sub: `standing with ${name}`, tenant_id: '8', tier: 'pro', labels: [] });
  const before = await exposures();
  const ask = (more = {}) => app.inject({ ...asked, headers: { ...headers, ...more } });
  const first = await ask();
  expect(first.statusCode).toBe(200);
  const tag = { 'if-none-match': String(first.headers['etag']) };
  const stands = async () => expect((await ask(tag)).statusCode).toBe(304);
  await stands();
  const [now, real] = [performance.now.bind(performance), Date.now()];
  let passed = 0;
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.spyOn(performance, 'now').mockImplementation(() => now() + passed);
  try {
    for (const seconds of [50, 20, 30, 40]) {
      passed += seconds * 1_000;
      vi.setSystemTime(real + passed);
      // The last proof of what is recorded is too old by now; the first question has it renewed.
      await vi.waitFor(stands);
      await stands();
    }
    await vi.waitFor(async () => expect(await exposures()).toBe(before + 3), 5_000);
  } finally {
    vi.useRealTimers();
    vi.restoreAllMocks();
  }
});

describe('the exposures of a change', () => {
  const CHANGE = 'ai.copilot.v2';
  const HOUR = 3_600_000;
  const at = (hours: number) => Date.UTC(2026, 10, 1) + hours * HOUR;
  let ids = 0;
  const record = async (...events: readonly object[]) => {
    const payload = {
      events: events.map((event) => ({ id: `listed-${(ids += 1)}`, name: 'exposure', change: CHANGE, ...event })),
    };
    const { statusCode } = await app.inject({ method: 'POST', url: '/v1/events', headers: service.headers, payload });
    expect(statusCode).toBe(200);
  };
  const list = async (query: Readonly<Record<string, string>>) => {
    const url = `/v1/exposures?${new URLSearchParams(query).toString()}`;
    const answer = await app.inject({ method: 'GET', url, headers: operator.headers });
    return { status: answer.statusCode, body: answer.json() };
  };
  const command = async (...args: readonly string[]) => {
    const { port } = app.server.address() as AddressInfo;
    const environment = { RAMPART_GATEWAY_URL: `http://127.0.0.1:${port}`, RAMPART_GATEWAY_KEY: operator.key };
    return rampart(['exposures', ...args], environment);
  };
  const ANN = { tenant: 'acme', user: 'ann', variant: 'a', first: at(0), last: at(2), count: 2 };
  const BOB = { tenant: 'acme', user: 'bob', variant: 'b', first: at(1), last: at(1), count: 1 };
  const GLOBEX = { tenant: 'globex', variant: 'a', first: at(3), last: at(3), count: 1 };

  beforeAll(() =>
    record(
      { at: at(0), tenantId: 'acme', targetingKey: 'ann', variant: 'a' },
      { at: at(1), tenantId: 'acme', targetingKey: 'bob', variant: 'b' },
      { at: at(2), tenantId: 'acme', targetingKey: 'ann', variant: 'a' },
      { at: at(3), tenantId: 'globex', variant: 'a' },
    ),
  );

  test('are listed for each tenant, user and variant', async () => {
    expect(await list({ change: CHANGE })).toEqual({
      status: 200,
      body: { change: CHANGE, subjects: [ANN, BOB, GLOBEX] },
    });
    expect((await list({ change: CHANGE, variant: 'b' })).body.subjects).toEqual([BOB]);
    expect((await list({ change: CHANGE, tenant: 'acme', user: 'ann' })).body.subjects).toEqual([ANN]);
    const window = { from: String(at(1)), to: String(at(3)) };
    expect((await list({ change: CHANGE, ...window })).body.subjects).toEqual([
      BOB,
      { ...ANN, first: at(2), count: 1 },
    ]);
  });

  test('are paged by a cursor', async () => {
    const first = await list({ change: CHANGE, limit: '3' });
    expect(first.body.subjects).toEqual([ANN, BOB]);
    const rest = await list({ change: CHANGE, limit: '3', after: first.body.next });
    expect(rest.body).toEqual({ change: CHANGE, subjects: [GLOBEX] });
  });

  test('include what the gateway served itself', async () => {
    await evaluate({ tenantId: '7', tier: 'pro', labels: [], targetingKey: 'served' });
    await vi.waitFor(async () => {
      const { body } = await list({ change: 'ai.copilot.v1', tenant: '7', user: 'served' });
      expect(body.subjects).toEqual([expect.objectContaining({ tenant: '7', user: 'served', variant: 'blue' })]);
    }, 5_000);
  });

  test('of a change that has neither a flag nor an exposure are answered 404, with the nearest name', async () => {
    expect(await list({ change: 'ai.copilot.v22' })).toMatchObject({
      status: 404,
      body: { code: 'no_such_change', detail: expect.stringMatching(/did you mean ai\.copilot\.v2/) },
    });
    expect(await list({ change: 'ai.copilot' })).toMatchObject({
      status: 404,
      body: { detail: expect.stringMatching(/did you mean ai\.copilot\.v1 or ai\.copilot\.v2/) },
    });
    expect(await list({ change: CHANGE, tenant: 'nobody' })).toMatchObject({ status: 200, body: { subjects: [] } });
  });

  test.each<Readonly<Record<string, string>>>([
    {},
    { change: CHANGE, user: 'ann' },
    { change: CHANGE, limit: '5001' },
    { change: CHANGE, from: '5', to: '5' },
    { change: CHANGE, after: 'x' },
    { change: CHANGE, since: '5' },
  ])('of the query %o are answered 400', async (query) => {
    expect((await list(query)).status).toBe(400);
  });

  test('are shown by the command through the gateway, by tenant and by user', async () => {
    const tenants = await command('--change', CHANGE);
    expect(tenants).toMatchObject({ code: 0, err: '' });
    expect(tenants.out.split('\n')).toEqual([
      'TENANT  VARIANT  USERS        EXPOSURES  FIRST                     LAST',
      'acme    a        1            2          2026-11-01T00:00:00.000Z  2026-11-01T02:00:00.000Z',
      'acme    b        1            1          2026-11-01T01:00:00.000Z  2026-11-01T01:00:00.000Z',
      'globex  a        (not named)  1          2026-11-01T03:00:00.000Z  2026-11-01T03:00:00.000Z',
      '',
    ]);
    const narrowed = await command(
      '--change',
      CHANGE,
      '--since',
      '2026-11-01',
      '--until',
      '2026-11-01T02:00Z',
      '--subjects',
    );
    expect(narrowed.out.split('\n').slice(1, 3)).toEqual([
      'acme    ann   a        1          2026-11-01T00:00:00.000Z  2026-11-01T00:00:00.000Z',
      'acme    bob   b        1          2026-11-01T01:00:00.000Z  2026-11-01T01:00:00.000Z',
    ]);
    const { code, out } = await command('--change', CHANGE, '--tenant', 'globex', '--json');
    expect([code, JSON.parse(out)]).toEqual([0, { change: CHANGE, subjects: [GLOBEX] }]);
  });

  test('beyond the limit of the command are announced with the place to continue from, and exit code 1', async () => {
    const cut = await command('--change', CHANGE, '--limit', '3', '--json');
    const { subjects, next } = JSON.parse(cut.out) as { readonly subjects: object; readonly next: string };
    expect([cut.code, subjects]).toEqual([1, [ANN, BOB]]);
    expect(cut.err).toContain(`3 exposures were read, and there are more. Continue with --after ${next}`);
    const rest = await command('--change', CHANGE, '--after', next, '--json');
    expect([rest.code, JSON.parse(rest.out)]).toEqual([0, { change: CHANGE, subjects: [GLOBEX] }]);
    expect(await command('--change', CHANGE, '--limit', '4')).toMatchObject({ code: 0, err: '' });
  });

  test('of an unknown change end the command with exit code 1 and the nearest name', async () => {
    expect(await command('--change', 'ai.copilot.v22')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('did you mean ai.copilot.v2'),
    });
  });
});
