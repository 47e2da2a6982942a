import { type App, createGateway, hashKey } from '@rampart/gateway';
import { createRampart, type Rampart } from '@rampart/sdk';
import { expect } from 'vitest';
import { type Door, expectDecision } from './door.js';
import { FlagServer } from './flag-server.js';
import { isGated, optionsOf, replaceEarlier } from './scenario-options.js';
import { type Row, type Scenario, scenarioOf } from './table.js';

const server = new FlagServer();
const KEY = 'rk_the-key-of-the-specification';

interface Answer {
  readonly value?: unknown;
  readonly reason: string;
  readonly variant?: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The Rampart of the row under test. */
let current: Rampart;

/** Gateways by what they take over from their Rampart when they are built. Building one takes longer than answering a row. */
const gateways = new Map<string, App>();

/** As a service in any language asks: OFREP over HTTP, with a key that may state its subject. */
export const gatewayDoor: Door = {
  name: 'gateway',
  open: () => server.start(),
  async close() {
    for (const app of gateways.values()) await app.close();
    await server.stop();
  },
  async check(written) {
    const row = { ...written, expect: written.throughUnleash ?? written.expect };
    const scenario = scenarioOf(row);
    const options = optionsOf(row, scenario, server, []);
    current = createRampart(options);
    try {
      await current.provider.initialize();
      await replaceEarlier(current, scenario, options.unleash.url, server);
      await checkAnswers(gatewayOf(row), row, scenario);
    } finally {
      await current.close();
    }
  },
};

function gatewayOf({ gates, tiers, prefix }: Row): App {
  const key = JSON.stringify({ gates, tiers, prefix });
  const found = gateways.get(key);
  if (found !== undefined) return found;
  const app = createGateway({
    rampart: CURRENT,
    unleash: { url: 'http://127.0.0.1:9/api', token: 'unused' },
    secret: 'the secret of the specification, long enough',
    keys: [{ name: 'specification', hash: hashKey(KEY) }],
    docs: false,
    logLevel: 'silent',
  });
  gateways.set(key, app);
  return app;
}

/** Stands for the Rampart of the row under test. */
const CURRENT = forwarded(() => current, ['provider', 'flags', 'control']) as Rampart;

/** An object whose properties are those of what `target` returns at that moment; the properties named in `parts` likewise. */
function forwarded(target: () => object, parts: readonly string[] = []): object {
  const read = (property: PropertyKey): unknown => {
    if (parts.includes(String(property))) return forwarded(() => Reflect.get(target(), property) as object);
    const value: unknown = Reflect.get(target(), property);
    return typeof value === 'function' ? value.bind(target()) : value;
  };
  return new Proxy({}, { has: (_, property) => Reflect.has(target(), property), get: (_, property) => read(property) });
}

async function checkAnswers(app: App, row: Row, scenario: Scenario): Promise<void> {
  const { ask } = scenario;
  const answer = await evaluate(app, ask, scenario);
  if (row.gatewayStatus !== undefined) {
    expect(answer).toMatchObject({ statusCode: row.gatewayStatus, body: { key: ask, errorCode: 'INVALID_CONTEXT' } });
    return;
  }
  if (row.expect.errorCode !== undefined) {
    expect(answer).toMatchObject({ statusCode: 404, body: { key: ask, errorCode: row.expect.errorCode } });
    return;
  }
  checkDetails(row, answer, row.expect.enabled);
  if (isGated(scenario)) return;
  const asObject = await evaluate(app, `${ask}:object`, scenario);
  checkDetails(row, asObject, undefined);
  expectDecision({ ...(asObject.body.value as object) }, asSent(row.expect));
}

async function evaluate(app: App, key: string, { context }: Scenario) {
  const { statusCode, body } = await app.inject({
    method: 'POST',
    url: `/ofrep/v1/evaluate/flags/${encodeURIComponent(key)}`,
    headers: { authorization: KEY, 'content-type': 'application/json' },
    body: JSON.stringify({ context }),
  });
  return { statusCode, body: JSON.parse(body) as Answer };
}

function checkDetails(
  { expect: { reason, outcome, gate, detail, variant } }: Row,
  { statusCode, body }: { statusCode: number; body: Answer },
  value: boolean | undefined,
): void {
  expect(statusCode).toBe(200);
  expect(body).not.toHaveProperty('errorCode');
  if (value !== undefined) expect(body.value).toBe(value);
  expect(body.reason).toBe(reason);
  expect(body.metadata).toMatchObject({ outcome, gate });
  expect(body.metadata['detail']).toBe(detail ?? undefined);
  if (variant !== undefined) expect(body.variant).toBe(variant ?? '');
}

// What is undefined doesn't cross the wire, at any depth.
function asSent<T>(expected: T): T {
  return JSON.parse(JSON.stringify(expected)) as T;
}
