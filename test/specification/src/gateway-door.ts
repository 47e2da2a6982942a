import { type App, createGateway, hashKey } from '@rampart/gateway';
import { createRampart } from '@rampart/sdk';
import { expect } from 'vitest';
import { type Door, expectDecision } from './door.js';
import { FlagServer } from './flag-server.js';
import { isGated, optionsOf } from './scenario-options.js';
import { type Row, type Scenario, scenarioOf } from './table.js';

const server = new FlagServer();
const KEY = 'rk_the-key-of-the-specification';

interface Answer {
  readonly value?: unknown;
  readonly reason: string;
  readonly variant?: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** As a service in any language asks: OFREP over HTTP, with a key that may state its subject. */
export const gatewayDoor: Door = {
  name: 'gateway',
  open: () => server.start(),
  close: () => server.stop(),
  async check(written) {
    const row = { ...written, expect: written.throughUnleash ?? written.expect };
    const scenario = scenarioOf(row);
    const rampart = createRampart(optionsOf(row, scenario, server, []));
    const app = gatewayOf(rampart);
    try {
      await rampart.provider.initialize();
      await checkAnswers(app, row, scenario);
    } finally {
      await app.close();
      await rampart.close();
    }
  },
};

function gatewayOf(rampart: ReturnType<typeof createRampart>): App {
  return createGateway({
    rampart,
    unleash: { url: 'http://127.0.0.1:9/api', token: 'unused' },
    secret: 'the secret of the specification, long enough',
    keys: [{ name: 'specification', hash: hashKey(KEY) }],
    docs: false,
    logLevel: 'silent',
  });
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
