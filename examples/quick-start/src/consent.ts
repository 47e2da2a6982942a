import { OpenFeature } from '@openfeature/server-sdk';
import { createControl, createRampart } from '@rampart/sdk';
import { database, secret, unleash } from './your-code.js';

const control = createControl({ database, secret }); // 'postgres://...', 'mysql://...' or { folder }
const rampart = createRampart({ unleash, control });
await OpenFeature.setProviderAndWait(rampart.provider);
const client = OpenFeature.getClient();
const subject = { targetingKey: 'ana', tenantId: '7', tier: 'pro', region: 'eu', labels: [], requestId: 'r-1' };

// What the tenant's admin clicked, with the revision that the page had read.
const [read] = await control.store.consents('7');
const { revision } = await control.apply(
  { kind: 'consent', tenant: '7', featureClass: 'support_copilot', consent: { state: 'opt_in' } },
  { actor: 'ana', reason: 'agreed in the settings', expected: read?.revision },
);

// In any process, a question with the revision is answered at least that fresh.
console.log(await client.getBooleanValue('ai.support-copilot', false, { ...subject, consentRevision: revision }));

await OpenFeature.close();
await control.close();
