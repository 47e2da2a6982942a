import {
  type AdminClient,
  addParent,
  fetchDefinitions,
  installStrategies,
  type LintFinding,
  lint,
  type NewVariant,
  newChange,
  newFeature,
  type ParameterValues,
} from '@rampart/unleash/admin';

export const ENVIRONMENT = 'development';
export const COPILOT = 'ai.support-copilot';
export const AGENT = 'ai.refund-agent';
export const EXISTING = 'reply-suggestions';

interface ChangePlan {
  readonly change: string;
  readonly variants: readonly NewVariant[];
  readonly stage: Readonly<Record<string, string>>;
}

/** Four changes of one feature at once, from most careful to most open. */
const COPILOT_CHANGES: readonly ChangePlan[] = [
  {
    change: 'model-x',
    variants: [{ name: 'model-x', binding: { model: 'model-x', prompt: 'v17', tone: 'formal' } }],
    stage: { stage: 'tier', tiers: 'enterprise', rollout: '100', mode: 'shadow' },
  },
  {
    change: 'prompt-v19',
    variants: [{ name: 'v19', binding: { model: 'model-w', prompt: 'v19' } }],
    stage: {
      stage: 'canary',
      tenants: 'northwind',
      rollout: '100',
      forceOn: 'lighthouse',
      disclosure: 'Written by AI',
    },
  },
  {
    change: 'prompt-v18',
    variants: [
      { name: 'v18-plain', binding: { model: 'model-w', prompt: 'v18' } },
      { name: 'v18-formal', binding: { model: 'model-w', prompt: 'v18', tone: 'formal' } },
    ],
    stage: { stage: 'tier', tiers: 'enterprise', rollout: '50', mode: 'confirmation' },
  },
  {
    change: 'prompt-v17',
    variants: [{ name: 'v17', binding: { model: 'model-w', prompt: 'v17' } }],
    stage: { stage: 'ga', regions: 'us,eu', rollout: '90', mode: 'autonomous' },
  },
];

const AGENT_CHANGE: ChangePlan = {
  change: 'policy-v1',
  variants: [{ name: 'policy-v1', binding: { model: 'model-w', prompt: 'refund-v1' } }],
  stage: { stage: 'canary', tenants: 'globex,willow', rollout: '100', mode: 'autonomous', maxPerHour: '20' },
};

/** Everything an operator does once, through the admin API. The same can be clicked together in the Unleash UI. */
export async function setUp(client: AdminClient): Promise<void> {
  await installStrategies({ client, regions: ['us', 'eu', 'ap'] });
  await createFeature(client, COPILOT, COPILOT_CHANGES, {
    featureClass: 'support_copilot',
    consent: 'opt_out',
    minTier: 'pro',
    upgradeUrl: 'https://example.com/upgrade',
    exclude: ['hipaa', 'financial', 'custom_residency'],
    forceOn: ['lighthouse'],
  });
  await createFeature(client, AGENT, [AGENT_CHANGE], {
    featureClass: 'refund_agent',
    consent: 'opt_in',
    minTier: 'enterprise',
    exclude: ['hipaa', 'financial', 'escalation'],
    maxMode: 'confirmation',
    priority: 'P0',
  });
  await createExistingFlag(client);
  await addParent({ client, flag: EXISTING, feature: COPILOT });
}

/** What `rampart lint` would say of these flags. */
export async function check(client: AdminClient): Promise<readonly LintFinding[]> {
  return lint(await fetchDefinitions(client, { environment: ENVIRONMENT }));
}

async function createFeature(
  client: AdminClient,
  feature: string,
  changes: readonly ChangePlan[],
  access: ParameterValues,
): Promise<void> {
  await newFeature({ client, name: feature, access, enable: true });
  for (const { change, variants, stage } of changes) {
    await newChange({ client, feature, change, variants, enable: true });
    await editStage(client, `${feature}.${change}`, stage);
  }
}

/** A flag as a team has it today: Unleash's own gradual rollout, nothing of Rampart. */
async function createExistingFlag(client: AdminClient): Promise<void> {
  const parameters = { rollout: '100', stickiness: 'default', groupId: EXISTING };
  await client.flags.create({ flag: EXISTING, type: 'release' });
  await client.rules.add({ flag: EXISTING, environment: ENVIRONMENT }, { name: 'flexibleRollout', parameters });
  await client.flags.switchOn({ flag: EXISTING, environment: ENVIRONMENT });
}

/** Edits parameters of a change's one `aiStage` rule; the others stay as they are. */
export async function editStage(
  client: AdminClient,
  flag: string,
  parameters: Readonly<Record<string, string>>,
): Promise<void> {
  const where = { flag, environment: ENVIRONMENT };
  const [rule] = await client.rules.list(where);
  if (rule === undefined) throw new Error(`${flag} has no rule in ${ENVIRONMENT}`);
  await client.rules.update(
    { ...where, id: rule.id },
    { title: '', parameters: { ...rule.parameters, ...parameters } },
  );
}

/** Switches a whole feature, and with it every change and every flag below it, on or off. */
export function switchFeature(client: AdminClient, flag: string, to: 'on' | 'off'): Promise<void> {
  const where = { flag, environment: ENVIRONMENT };
  return to === 'on' ? client.flags.switchOn(where) : client.flags.switchOff(where);
}
