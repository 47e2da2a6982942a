import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createControl, createRampart, type Rampart } from '@rampart/sdk';
import { usePostgres } from '@rampart/services/vitest';
import { type AdminClient, createAdminClient } from '@rampart/unleash/admin';
import { startUnleashServer, type UnleashServer } from '@rampart/unleash-server';
import { Unleash } from 'unleash-client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { rampart as runRampart } from './support/rampart-command.js';

const SECRET = 'a secret of thirty-two characters';
const FEATURE = 'ai.support-copilot';
const FLAG = 'old-copilot';
const featureClass = 'support_copilot';
const development = { environment: 'development' };
const postgres = usePostgres();

interface Finding {
  readonly check: string;
  readonly where: string;
  readonly result: string;
  readonly found: string;
  readonly fix: string;
}

describe('rampart gate on a real Unleash', () => {
  let server: UnleashServer;
  let client: AdminClient;
  let folder = '';
  let tenants = '';
  let stock: Unleash;
  let service: Rampart;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rampart-gate-'));
    tenants = file('tenants.csv', 'tenantId,tier,labels\nacme,pro,\nsmall,free,\n');
    server = await startUnleashServer();
    client = createAdminClient({ url: server.url, token: server.adminToken });
    const sdk = { url: server.apiUrl, customHeaders: { Authorization: server.clientToken.development } };
    await rampart('init');
    await rampart(`new-feature ${FEATURE} --class ${featureClass} --min-tier pro`);
    for (const flag of [FLAG, 'second', 'parent']) {
      await client.flags.create({ flag, type: 'release' });
      await client.rules.add({ flag, ...development }, { name: 'default', parameters: {} });
      await client.flags.switchOn({ flag, ...development });
    }
    await client.dependencies.add({ flag: 'second' }, { feature: 'parent' });
    const quiet = { skipInstanceCountWarning: true, metricsInterval: 60_000, metricsJitter: 0 };
    stock = new Unleash({ ...sdk, ...quiet, appName: 'stock-service' });
    service = createRampart({ unleash: { ...sdk, ...quiet, appName: 'rampart-service' } });
    await Promise.all([once(stock, 'synchronized'), service.provider.initialize()]);
    stock.isEnabled(FLAG);
    await stock.flushMetrics();
    // Unleash stores registrations and usage every few seconds.
    await vi.waitFor(
      async () => {
        const using = await client.applications.namesUsing(FLAG);
        const known = await client.applications.list();
        if (using.length < 1 || known.length < 2) throw new Error('not stored yet');
      },
      { timeout: 30_000, interval: 200 },
    );
  });
  afterAll(async () => {
    stock?.destroy();
    await service?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const parentsOf = async (flag: string) => (await client.flags.get({ flag })).dependencies;
  const rampart = (args: string, environment: NodeJS.ProcessEnv = {}) =>
    runRampart(args.split(' '), { UNLEASH_URL: server.url, UNLEASH_ADMIN_TOKEN: server.adminToken, ...environment });

  function file(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  async function gate(args: string, environment: NodeJS.ProcessEnv = {}) {
    const { code, out, err } = await rampart(`gate ${args} --json`, environment);
    expect(err).toBe('');
    const data = JSON.parse(out) as { readonly outcome: string; readonly findings: readonly Finding[] };
    const problems = data.findings.filter(({ result }) => result === 'problem');
    return { code, outcome: data.outcome, problems, findings: data.findings };
  }

  const found = (check: string, text: string) =>
    expect.objectContaining({ check, found: expect.stringContaining(text), fix: expect.stringMatching(/./) });

  it('finds everything that would cause an outage, and changes nothing', async () => {
    const { code, outcome, problems } = await gate(`${FLAG} --feature ${FEATURE} --tenants ${tenants}`);
    expect({ code, outcome }).toEqual({ code: 1, outcome: 'refused' });
    expect(problems).toEqual([
      found('feature', `${FEATURE} is off, so ${FLAG}, which is on, would be off for everyone`),
      found('consent', "no database is configured: consents can't be checked"),
      found('access', 'acme would lose access (consent: unset)'),
      found('access', 'small would lose access (consent: unset)'),
      found('applications', `asks for ${FLAG} and doesn't know aiAccess and aiStage: it would get false`),
    ]);
    expect(problems.at(-1)).toMatchObject({ where: 'stock-service' });
    expect(await parentsOf(FLAG)).toEqual([]);
    const text = await rampart(`gate ${FLAG} --feature ${FEATURE} --tenants ${tenants}`);
    expect(text).toMatchObject({ code: 1, err: '' });
    expect(text.out).toMatch(
      /CHECK +WHERE +RESULT +FOUND +FIX\nflags +ok [\s\S]*5 problems\. Nothing was changed\.\n$/,
    );
  });

  it('names the gate that closes each tenant once the feature is on', async () => {
    await client.flags.switchOn({ flag: FEATURE, ...development });
    const consent = `--consent ${featureClass}=opt_in --accept-application stock-service`;
    const { problems } = await gate(`${FLAG} --feature ${FEATURE} --tenants ${tenants} ${consent}`);
    expect(problems).toEqual([found('access', 'small would lose access (tier: tier_too_low)')]);
    expect(problems[0]?.where).toBe('development, line 3');
  });

  it('reads consents from the database, and refuses until they are recorded', async () => {
    const database = { RAMPART_DATABASE_URL: postgres().url, RAMPART_SECRET: SECRET };
    const control = createControl({ database: database.RAMPART_DATABASE_URL, secret: SECRET });
    const args = `${FLAG} --feature ${FEATURE} --tenants ${tenants} --accept-application stock-service`;
    expect(await rampart('migrate', database)).toMatchObject({ code: 0 });
    try {
      expect((await gate(args, database)).problems).toEqual([
        found('consent', `class ${featureClass} needs an opt-in, and no tenant has recorded one`),
        found('access', 'acme would lose access (consent: unset)'),
        found('access', 'small would lose access (consent: unset)'),
      ]);
      const consent = { state: 'opt_in' } as const;
      for (const tenant of ['acme', 'small'])
        await control.apply({ kind: 'consent', tenant, featureClass, consent }, { actor: 'test', reason: 'imported' });
      expect((await gate(args, database)).problems).toEqual([
        found('access', 'small would lose access (tier: tier_too_low)'),
      ]);
      // A kill without Unleash's admin API leaves the flag on in Unleash.
      const kill = { id: 'kill-1', scope: { feature: FEATURE }, reason: 'INC-7' };
      await control.apply({ kind: 'kill', kill }, { actor: 'test', reason: 'INC-7' });
      const unlisted = args.replace(`--tenants ${tenants}`, '--accept-unchecked-tenants');
      expect((await gate(unlisted, database)).problems).toEqual([found('feature', `kill-1 kills ${FEATURE}`)]);
      const write = { actor: 'test', reason: 'fixed', expected: 'any' };
      await control.apply({ kind: 'revive', id: 'kill-1' }, write);
    } finally {
      await control.close();
    }
  });

  it('refuses without a list of tenants, and where an application that sent no usage lacks the strategies', async () => {
    const args = `parent --feature ${FEATURE} --consent ${featureClass}=opt_in`;
    await client.dependencies.remove({ flag: 'second' }, 'parent');
    const { problems } = await gate(args);
    expect(problems).toEqual([
      found('access', 'there is no list of tenants'),
      found('applications', 'sent no usage of parent in the last 24 hours'),
    ]);
    const accepted = await gate(`${args} --accept-unchecked-tenants --accept-unseen-applications --dry-run`);
    expect(accepted).toMatchObject({ code: 0, outcome: 'dry-run', problems: [] });
    expect(await parentsOf('parent')).toEqual([]);
    await client.dependencies.add({ flag: 'second' }, { feature: 'parent' });
  });

  it.each([
    ['second', FEATURE, /already depends on "parent", and Unleash would silently replace/],
    ['parent', FEATURE, /second depend on it, and Unleash allows one level/],
    ['nowhere', FEATURE, /Cannot use "nowhere" as the flag to be gated/],
    [FLAG, 'parent', /no aiAccess rule in any environment/],
    [FEATURE, FEATURE, /its own parent/],
  ])('refuses %s under %s', async (flag, feature, message) => {
    const { code, problems } = await gate(`${flag} --feature ${feature}`);
    expect({ code, problems }).toEqual({
      code: 1,
      problems: [expect.objectContaining({ check: 'flags', found: expect.stringMatching(message) })],
    });
  });

  it('does not check an environment that may lose the flag', async () => {
    await client.flags.switchOff({ flag: FEATURE, ...development });
    const args = `${FLAG} --feature ${FEATURE} --tenants ${tenants} --accept-application stock-service --dry-run`;
    expect((await gate(args)).code).toBe(1);
    expect(await gate(`${args} --accept-environment development`)).toMatchObject({ code: 0, problems: [] });
    await client.flags.switchOn({ flag: FEATURE, ...development });
  });

  it('sets the parent once nothing is left, says how to undo it, and finds nothing to do afterwards', async () => {
    const args = `${FLAG} --feature ${FEATURE} --tenants ${tenants} --consent ${featureClass}=opt_in --accept-loss`;
    const { code, out, err } = await rampart(`gate ${args} --accept-application stock-service`);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/access +development, line 3 +accepted +small would lose access/);
    expect(out).toContain(`Done: ${FEATURE} is the parent of ${FLAG} in every environment of project default.`);
    expect(out).toContain(`To undo it, remove the parent of ${FLAG} in the Unleash UI`);
    expect(await parentsOf(FLAG)).toEqual([{ feature: FEATURE, enabled: true, variants: [] }]);
    expect(await gate(args)).toMatchObject({ code: 0, outcome: 'present', findings: [] });
  });
});
