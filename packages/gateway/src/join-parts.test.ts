import { InMemoryControl } from '@rampart/core';
import { createRampart, type RampartOptions } from '@rampart/sdk';
import { expect, it } from 'vitest';
import { readConfiguration } from './configuration-schema.js';
import { joinParts } from './join-parts.js';

const configuration = readConfiguration({
  unleash: { url: 'http://127.0.0.1:9/api', token: 'x' },
  secret: 'a secret that is long enough to be one',
});
const log = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

function joined(options: Omit<RampartOptions, 'unleash' | 'control'>) {
  const unleash = { url: 'http://127.0.0.1:9/api', appName: 'tests', disableMetrics: true };
  const rampart = createRampart({ unleash, control: new InMemoryControl({ now: () => 0 }), logger: log, ...options });
  return { rampart, gateway: joinParts({ configuration, stated: {}, log: log as never, rampart }) };
}

it('everything of a gateway reads contexts and flags as the rampart does that it was given', async () => {
  const directory = () => ({ labels: ['hipaa'] });
  const gates = { legacy: 'ai.copilot' };
  const own = {
    tiers: ['s', 'l'],
    prefix: 'beta.',
    gates,
    contextNames: { tenantId: 'org' },
    directory: { lookup: directory },
  };
  const { rampart, gateway } = joined(own);
  expect(gateway.configuration).toMatchObject({ tiers: ['s', 'l'], prefix: 'beta.', gates });
  expect(gateway.configuration.contextNames).toMatchObject({ tenantId: 'org', aiOptOut: 'aiOptOut' });
  expect(gateway.directory).toBe(directory);
  await rampart.close();
});

it('what a rampart leaves to defaults is said as well', async () => {
  const { rampart } = joined({});
  expect(rampart).toMatchObject({
    ...{ prefix: 'ai.', gates: {}, tiers: ['free', 'starter', 'pro', 'business', 'enterprise'] },
    ...{ contextNames: { tenantId: 'tenantId', userId: 'targetingKey' }, directory: undefined },
  });
  await rampart.close();
});
