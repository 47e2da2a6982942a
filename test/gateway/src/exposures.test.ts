import type { App } from '@rampart/gateway';
import { beforeAll, expect, test, vi } from 'vitest';
import { operator, page, service, useGateway } from './fixture.js';

const gateway = useGateway();
const lines: string[] = [];
let app: App;

beforeAll(async () => {
  const logTo = { write: (line: string) => lines.push(line) };
  app = await gateway({ keep: true, exposures: true, logLevel: 'warn', logTo });
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
  expect(said.match(/recorded of a tenant/g)).toHaveLength(1);
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
