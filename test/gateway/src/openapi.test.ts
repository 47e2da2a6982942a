import { expect, test } from 'vitest';
import { useGateway } from './fixture.js';

const gateway = useGateway();

/** The document that is linted and that clients are made from. After a change: npm test -- test/gateway/src/openapi.test.ts -u */
test('docs/openapi.json is what the gateway serves', async () => {
  const app = await gateway();
  const served = (await app.inject('/openapi.json')).json() as unknown;
  await expect(`${JSON.stringify(served, undefined, 2)}\n`).toMatchFileSnapshot('../../../docs/openapi.json');
});
