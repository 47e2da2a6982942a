import { type AdminClient, installStrategies, newChange, newFeature } from '@rampart/unleash/admin';

export const ENVIRONMENT = 'development';
export const FEATURE = 'ai.reply-copilot';
export const FEATURE_CLASS = 'reply_copilot';
export const CHANGE = `${FEATURE}.prompt-v7`;

/** What an operator does once: a feature that needs consent and a plan, and one change of it that is at GA. */
export async function setUpFlags(client: AdminClient): Promise<void> {
  await installStrategies({ client });
  await newFeature({
    client,
    name: FEATURE,
    access: {
      featureClass: FEATURE_CLASS,
      consent: 'opt_in',
      minTier: 'pro',
      upgradeUrl: 'https://example.com/upgrade',
      exclude: ['hipaa'],
      unavailableMessage: 'The copilot is taking a break while we look into a problem. Your inbox works as always.',
    },
    enable: true,
  });
  // The prompt is what pages must not see: it stays between the flag and the service that calls the model.
  const binding = { model: 'model-w', prompt: 'You answer customers of a helpdesk. Never promise refunds.' };
  await newChange({ client, feature: FEATURE, change: 'prompt-v7', variants: [{ name: 'v7', binding }], enable: true });
  const [rule] = await client.rules.list({ flag: CHANGE, environment: ENVIRONMENT });
  if (rule === undefined) throw new Error(`${CHANGE} has no rule in ${ENVIRONMENT}`);
  const stage = {
    stage: 'ga',
    rollout: '100',
    mode: 'autonomous',
    disclosure: 'Written by AI. Check names and numbers before you rely on them.',
  };
  await client.rules.update(
    { flag: CHANGE, environment: ENVIRONMENT, id: rule.id },
    { title: '', parameters: { ...rule.parameters, ...stage } },
  );
}
