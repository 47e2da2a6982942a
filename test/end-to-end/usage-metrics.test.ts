import { type Client, OpenFeature } from '@openfeature/server-sdk';
import { createRampart, type Rampart, readDecision } from '@rampart/sdk';
import {
  type AdminClient,
  addParent,
  createAdminClient,
  installStrategies,
  newChange,
  newFeature,
} from '@rampart/unleash/admin';
import { startUnleashServer, type UnleashServer, type UnleashVersion } from '@rampart/unleash-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ENVIRONMENT = 'development';
const FEATURE = 'ai.search';
const SPLIT = 'ai.search.split';
const SHADOW = 'ai.search.shadow';
const PRO = Array.from({ length: 60 }, (_, user) => ({ targetingKey: `user-${user}`, tenantId: 'acme', tier: 'pro' }));
const FREE = { ...PRO[0], tier: 'free' };

interface Usage {
  yes: number;
  no: number;
  variants: Record<string, number>;
}

/** What this test was served, by flag. */
class Tally {
  readonly #usage = new Map<string, Usage>();

  of(flag: string): Usage {
    const usage = this.#usage.get(flag) ?? { yes: 0, no: 0, variants: {} };
    this.#usage.set(flag, usage);
    return usage;
  }

  add(flag: string, enabled: boolean, variant?: string): void {
    const usage = this.of(flag);
    usage[enabled ? 'yes' : 'no'] += 1;
    if (variant !== undefined) usage.variants[variant] = (usage.variants[variant] ?? 0) + 1;
  }
}

const VERSIONS: readonly UnleashVersion[] = ['7', '8'];

describe.each(VERSIONS)(
  'what was served, once per evaluation, in the usage metrics of a real Unleash %s',
  (version) => {
    const served = new Tally();
    let server: UnleashServer;
    let admin: AdminClient;

    beforeAll(async () => {
      server = await startUnleashServer({ version });
      admin = createAdminClient({ url: server.url, token: server.adminToken, environment: ENVIRONMENT });
      await setUp(admin);
      const rampart = createRampart({
        unleash: {
          url: server.apiUrl,
          appName: 'usage',
          customHeaders: { Authorization: server.clientToken[ENVIRONMENT] },
        },
      });
      await OpenFeature.setProviderAndWait(rampart.provider);
      await ask(OpenFeature.getClient(), rampart, served);
      // Closing reports what is left to report.
      await OpenFeature.clearProviders();
    });
    afterAll(() => server?.stop());

    /** All that Unleash has of a flag, over all hours. */
    async function usageOf(flag: string): Promise<Usage> {
      const url = `${server.url}/api/admin/client-metrics/features/${flag}/raw?hoursBack=2`;
      const response = await fetch(url, { headers: { Authorization: server.adminToken } });
      const { data } = (await response.json()) as { data: (Usage & { appName: string })[] };
      const sum: Usage = { yes: 0, no: 0, variants: {} };
      for (const { yes, no, variants } of data) {
        sum.yes += yes;
        sum.no += no;
        for (const [name, count] of Object.entries(variants ?? {}))
          sum.variants[name] = (sum.variants[name] ?? 0) + count;
      }
      return sum;
    }

    it.each([FEATURE, SPLIT, 'gated', 'plain'])('%s', async (flag) => {
      await expect.poll(() => usageOf(flag), { timeout: 25_000, interval: 250 }).toEqual(served.of(flag));
    });

    it('had something to count: a split, a holdout and closed answers', () => {
      expect(Object.keys(served.of(SPLIT).variants).toSorted()).toEqual(['a', 'b', 'disabled', 'off']);
      expect(Object.keys(served.of('gated').variants).toSorted()).toEqual(['disabled', 'only']);
    });

    it('a change in shadow was served to nobody', async () => {
      expect(await usageOf(SHADOW)).toEqual({ yes: 0, no: 0, variants: {} });
    });
  },
);

/** Asks in every way there is, and notes what came back. */
async function ask(client: Client, rampart: Rampart, served: Tally): Promise<void> {
  for (const context of [...PRO, FREE]) {
    const byFeature = readDecision(await client.getObjectValue(FEATURE, {}, context));
    served.add(FEATURE, byFeature.enabled, 'disabled');
    if (byFeature.enabled || byFeature.variant !== undefined) served.add(SPLIT, byFeature.enabled, byFeature.variant);

    const bySplit = await client.getBooleanDetails(SPLIT, false, context);
    served.add(SPLIT, bySplit.value, bySplit.variant ?? 'disabled');
    const decision = rampart.decide(SPLIT, context);
    served.add(SPLIT, decision.enabled, decision.variant ?? 'disabled');
    // A bulk question is no exposure.
    rampart.decideAll(context);

    const gated = await client.getStringDetails('gated', 'closed', context);
    served.add('gated', gated.value === 'v', gated.variant ?? 'disabled');
    const plain = await client.getStringDetails('plain', 'closed', context);
    served.add('plain', plain.value === 'v', plain.variant ?? 'disabled');
    // As in the stock SDK, asking for a boolean counts no variant of an ordinary flag.
    served.add('plain', await client.getBooleanValue('plain', false, context));
  }
}

async function setUp(client: AdminClient): Promise<void> {
  await installStrategies({ client });
  const access = { featureClass: 'search', consent: 'opt_out', minTier: 'pro' };
  await newFeature({ client, name: FEATURE, access, enable: true });
  await change(client, 'split', ['a', 'b', 'off'], { stickiness: 'userId', rollout: '60' });
  await change(client, 'shadow', ['s'], { mode: 'shadow', rollout: '100' });
  await ordinary(client, 'plain');
  await ordinary(client, 'gated');
  await addParent({ client, flag: 'gated', feature: FEATURE });
}

async function change(
  client: AdminClient,
  name: string,
  variants: readonly string[],
  stage: Readonly<Record<string, string>>,
): Promise<void> {
  const bound = variants.map((variant) => ({ name: variant, binding: { variant } }));
  await newChange({ client, feature: FEATURE, change: name, variants: bound, enable: true });
  const where = { flag: `${FEATURE}.${name}`, environment: ENVIRONMENT };
  for (const { id, parameters } of await client.rules.list(where)) {
    await client.rules.update({ ...where, id }, { parameters: { ...parameters, stage: 'ga', ...stage } });
  }
}

async function ordinary(client: AdminClient, flag: string): Promise<void> {
  const payload = { type: 'string', value: 'v' };
  const variants = [{ name: 'only', weight: 1000, weightType: 'variable', stickiness: 'default', payload }];
  const parameters = { rollout: '100', stickiness: 'default', groupId: flag };
  await client.flags.create({ flag, type: 'release' });
  await client.rules.add({ flag, environment: ENVIRONMENT }, { name: 'flexibleRollout', parameters, variants });
  await client.flags.switchOn({ flag, environment: ENVIRONMENT });
}
