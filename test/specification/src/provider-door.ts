import { type EvaluationContext, type EvaluationDetails, type JsonValue, OpenFeature } from '@openfeature/server-sdk';
import { type Decision, readDecision } from '@rampart/core';
import { createRampart, type Rampart } from '@rampart/sdk';
import { expect } from 'vitest';
import { type Door, expectDecision } from './door.js';
import { FlagServer } from './flag-server.js';
import { isGated, optionsOf, replaceEarlier } from './scenario-options.js';
import { type Row, type Scenario, scenarioOf } from './table.js';

/** What a caller falls back to; never the answer on an AI flag. */
const NOTHING = { nothing: true };

const server = new FlagServer();

/** As a service asks: OpenFeature over the real provider, strategies and unleash-client; only the Unleash server is a stand-in. */
export const providerDoor: Door = {
  name: 'provider',
  open: () => server.start(),
  async close() {
    await OpenFeature.close();
    await server.stop();
  },
  async check(written) {
    const row = { ...written, expect: written.throughUnleash ?? written.expect };
    const scenario = scenarioOf(row);
    const warnings: string[] = [];
    const options = optionsOf(row, scenario, server, warnings);
    const rampart = createRampart(options);
    // Replaces the provider of the row before, which closes it.
    await OpenFeature.setProviderAndWait('specification', rampart.provider);
    await replaceEarlier(rampart, scenario, options.unleash.url, server);
    await checkAnswers(row, scenario, rampart);
    checkWarnings(row, warnings);
  },
};

async function checkAnswers(row: Row, scenario: Scenario, rampart: Rampart): Promise<void> {
  const { context, ask } = scenario;
  const client = OpenFeature.getClient('specification');
  const asked = context as EvaluationContext;
  for (const fallback of [true, false]) {
    const details = await client.getBooleanDetails(ask, fallback, asked);
    expect(details.value).toBe(row.expect.errorCode === undefined ? row.expect.enabled : fallback);
    checkDetails(row, details);
  }
  const details = await client.getObjectDetails(ask, NOTHING, asked);
  if (row.expect.errorCode !== undefined)
    return expect(details).toMatchObject({ value: NOTHING, errorCode: row.expect.errorCode });
  const decision = rampart.decide(ask, context);
  expectDecision({ ...decision }, row.expect);
  if (isGated(scenario)) expect(details.value).toEqual(NOTHING);
  else checkObject(row, details, decision);
}

function checkObject(row: Row, details: EvaluationDetails<JsonValue>, decision: Decision): void {
  checkDetails(row, details);
  expect(readDecision(details.value)).toBe(details.value);
  expect(details.value).toEqual(decision);
}

function checkDetails(
  { expect: { reason, errorCode, outcome, gate, detail, variant } }: Row,
  details: EvaluationDetails<JsonValue>,
): void {
  expect(details.errorCode).toBe(errorCode);
  expect(details.reason).toBe(reason);
  if (errorCode !== undefined) return;
  expect(details.flagMetadata).toMatchObject({ outcome, gate });
  expect(details.flagMetadata['detail']).toBe(detail ?? undefined);
  if (variant !== undefined) expect(details.variant).toBe(variant ?? undefined);
}

function checkWarnings({ expect: { problem, gate, errorCode } }: Row, warnings: readonly string[]): void {
  if (errorCode !== undefined) return;
  if (problem !== undefined) {
    const { flag, field, value = '' } = problem;
    const named = warnings.filter((text) =>
      [flag, field, JSON.stringify(value).slice(1, -1)].every((part) => text.includes(part)),
    );
    expect(named).toHaveLength(1);
  } else if (gate !== 'config') {
    expect(warnings).toEqual([]);
  }
}
