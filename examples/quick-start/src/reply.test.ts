import { OpenFeature } from '@openfeature/server-sdk';
import { createTestRampart } from '@rampart/testing';
import { expect, it } from 'vitest';

it('offers the upgrade to a free tenant, and answers a paying one', async () => {
  const rampart = createTestRampart();
  rampart.set('ai.support-copilot', { binding: { model: 'small' } }, { tier: 'pro' });
  rampart.set('ai.support-copilot', { outcome: 'paywall' }, { tier: 'free' });
  await OpenFeature.setProviderAndWait(rampart.provider);

  const client = OpenFeature.getClient();
  expect(await client.getBooleanValue('ai.support-copilot', false, { tier: 'pro' })).toBe(true);
  expect(await client.getObjectValue('ai.support-copilot', {}, { tier: 'free' })).toMatchObject({ outcome: 'paywall' });
  expect(rampart.evaluations).toHaveLength(2);
});
