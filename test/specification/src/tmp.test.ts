import { OpenFeature } from '@openfeature/server-sdk';
import { createRampart } from '@rampart/sdk';
import { it } from 'vitest';
import { readSpecifications, serveState, withGates } from './client-specification.js';
it('x', async () => {
  const s = readSpecifications()[7]!;
  const g = withGates(s.state);
  const ours = await serveState(s.state);
  const rampart = createRampart({ unleash: { url: ours.url, appName: 'x', disableMetrics: true, storageProvider: { get: async () => undefined, set: async () => {} } } });
  await OpenFeature.setProviderAndWait('d', rampart.provider);
  const c = OpenFeature.getClient('d');
  console.log(await c.getBooleanDetails('Feature.Variants.A', false, {}), await c.getStringDetails('Feature.Variants.A', 'none', {}));
  await rampart.close();
});
