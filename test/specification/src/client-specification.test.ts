import { OpenFeature } from '@openfeature/server-sdk';
import { createRampart, type Rampart } from '@rampart/sdk';
import { Unleash } from 'unleash-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  readSpecifications,
  type SpecificationCase,
  type SpecificationState,
  serveState,
  withGates,
} from './client-specification.js';

const specifications = readSpecifications();

const noStorage = { get: async () => undefined, set: async () => {} };

function unleashOptions(
  url: string,
  state: SpecificationState,
  { environment = 'default', appName = 'specification' }: { environment?: string; appName?: string } = {},
) {
  const format = 'events' in state ? ('delta' as const) : ('full' as const);
  return {
    url,
    appName,
    environment,
    disableMetrics: true,
    refreshInterval: 60_000,
    storageProvider: noStorage,
    skipInstanceCountWarning: true,
    experimentalMode: { type: 'polling' as const, format },
  };
}

/** The context of a case as a caller of OpenFeature writes it. */
function evaluationContext(
  { context }: SpecificationCase,
  more: Record<string, string>,
): Record<string, string | Record<string, string>> {
  const { userId, ...rest } = context as Record<string, string>;
  return { ...rest, ...more, ...(userId === undefined ? {} : { targetingKey: userId }) };
}

it('has the 279 cases of 22 files', () => {
  const cases = specifications.flatMap(({ tests = [], variantTests = [] }) => [...tests, ...variantTests]);
  expect([specifications.length, cases.length]).toEqual([22, 279]);
});

describe.each([
  { how: 'as they are', gated: false },
  { how: 'under an open gate', gated: true },
])('Unleash client specification, flags $how', ({ gated }) => {
  describe.each(specifications)('$name', ({ name, state, tests = [], variantTests = [] }) => {
    const domain = `${name}-${gated}`;
    const more: Record<string, string> = gated ? { tenantId: 'specification' } : {};
    const gate = gated ? withGates(state) : { state, gates: {} };
    const client = OpenFeature.getClient(domain);
    const stops: (() => Promise<void> | void)[] = [];
    let stock: Unleash;
    let rampart: Rampart;

    beforeAll(async () => {
      const plain = await serveState(state);
      const ours = await serveState(gate.state);
      stock = new Unleash(unleashOptions(plain.url, state));
      stops.push(plain.stop, ours.stop, () => stock.destroy());
      await new Promise((resolve) => stock.once('synchronized', resolve));
      rampart = createRampart({ unleash: unleashOptions(ours.url, state), gates: gate.gates });
      await OpenFeature.setProviderAndWait(domain, rampart.provider);
    });

    afterAll(async () => {
      await rampart.close();
      for (const stop of stops) await stop();
    });

    it.each(tests)('$description', async (row) => {
      const enabled = await client.getBooleanValue(row.toggleName, false, evaluationContext(row, more));
      expect(enabled).toBe(row.expectedResult);
      expect(enabled).toBe(stock.isEnabled(row.toggleName, row.context));
    });

    it.each(variantTests)('$description', async (row) => {
      const context = evaluationContext(row, more);
      const expected = row.expectedResult;
      expect(stock.getVariant(row.toggleName, row.context)).toMatchObject(expected);
      expect(await client.getBooleanValue(row.toggleName, false, context)).toBe(expected.feature_enabled);
      const numeric = expected.payload?.type === 'number';
      const answer = await (numeric
        ? client.getNumberDetails(row.toggleName, -1, context)
        : client.getStringDetails(row.toggleName, 'none', context));
      expect(answer.variant ?? 'disabled').toBe(expected.name);
      expect(String(answer.value)).toBe(expected.payload?.value ?? 'none');
    });
  });
});
