import { OpenFeature } from '@openfeature/server-sdk';
import { createRampart, readDecision, routeConfidence } from '@rampart/sdk';
import { callModel, unleash } from './your-code.js';

const rampart = createRampart({ unleash }); // Unleash's own options: { url, appName, customHeaders }
await OpenFeature.setProviderAndWait(rampart.provider);
rampart.control.apply({
  kind: 'consent',
  tenant: 'acme',
  featureClass: 'support_copilot',
  consent: { state: 'opt_in' },
});

const client = OpenFeature.getClient();
const subject = { targetingKey: 'ana', tenantId: 'acme', tier: 'pro', region: 'eu', labels: [], requestId: 'r-1' };
const decision = readDecision(await client.getObjectValue('ai.support-copilot', {}, subject));

if (decision.enabled) {
  const { text, confidence } = await callModel(decision.binding);
  console.log(routeConfidence(decision, confidence), text); // auto, confirm, review or human
} else {
  console.log(decision.outcome, decision.paywall ?? decision.message); // paywall, consent_required, unavailable or off
}
await OpenFeature.close();
