import { OFREPProvider } from '@openfeature/ofrep-provider';
import { OpenFeature } from '@openfeature/server-sdk';
import { gateway, key } from './your-settings.js';

const provider = new OFREPProvider({ baseUrl: gateway, headers: [['Authorization', `Bearer ${key}`]] });
await OpenFeature.setProviderAndWait(provider);
const client = OpenFeature.getClient();
const subject = { targetingKey: 'ana', tenantId: 'acme', tier: 'pro', region: 'eu', labels: [], requestId: 'r-1' };

const { value, flagMetadata } = await client.getBooleanDetails('ai.support-copilot', false, subject);
console.log(value, flagMetadata['outcome'], flagMetadata['gate']); // false 'paywall' 'tier', say

// A request of this protocol names no type: the decision is asked with a typed key.
const decision = await client.getObjectValue('ai.support-copilot:object', {}, subject);
console.log(decision);
await OpenFeature.close();
