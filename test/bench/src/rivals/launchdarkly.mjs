import { basicLogger, init } from '@launchdarkly/node-server-sdk';
import { TestData } from '@launchdarkly/node-server-sdk/integrations';
import { BINDING } from '../flags.mjs';
import { contexts, turn } from '../subjects.mjs';

/** LaunchDarkly's server SDK on its own test data, events off, with a prerequisite, two conditions and a split in two. */
export async function startLaunchDarkly() {
  const data = new TestData();
  await data.usePreconfiguredFlag(PARENT);
  await data.usePreconfiguredFlag(CHILD);
  const logger = basicLogger({ level: 'none' });
  const client = init('sdk-key', {
    updateProcessor: data.getFactory(),
    sendEvents: false,
    diagnosticOptOut: true,
    logger,
  });
  await client.waitForInitialization({ timeout: 10 });
  const users = contexts.map(({ targetingKey, ...facts }) => ({ kind: 'user', key: targetingKey, ...facts }));
  return {
    call: (index) => client.variation('change', turn(users, index), null),
    async: true,
    answer: (value) => (value === null ? 'off' : 'on'),
    expected: ['on'],
  };
}

const PARENT = {
  key: 'feature',
  version: 1,
  on: true,
  prerequisites: [],
  targets: [],
  rules: [{ id: 'legacy', variation: 1, clauses: [clause('plan', ['legacy'])] }],
  fallthrough: { variation: 0 },
  offVariation: 1,
  variations: [true, false],
  salt: 'bench',
};

const CHILD = {
  ...PARENT,
  key: 'change',
  prerequisites: [{ key: 'feature', variation: 0 }],
  rules: [{ id: 'countries', rollout: split(), clauses: [clause('country', ['de', 'fr', 'us'])] }],
  fallthrough: { variation: 2 },
  offVariation: 2,
  variations: [BINDING, BINDING, null],
};

function split() {
  return {
    contextKind: 'user',
    bucketBy: 'key',
    variations: [
      { variation: 0, weight: 50_000 },
      { variation: 1, weight: 50_000 },
    ],
  };
}

function clause(attribute, values) {
  return { contextKind: 'user', attribute, op: 'in', values, negate: false };
}
