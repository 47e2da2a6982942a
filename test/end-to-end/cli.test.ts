import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AdminClient, addParent, createAdminClient } from '@rampart/unleash/admin';
import { startUnleashServer, type UnleashServer, type UnleashVersion } from '@rampart/unleash-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rampart as runRampart } from './support/rampart-command.js';

const VERSIONS: readonly (readonly [UnleashVersion, string])[] = [
  ['7', '7.5.1'],
  ['8', '8.2.0'],
];

const FEATURE = 'ai.support-copilot';
const CHANGE = `${FEATURE}.prompt-v18`;
const development = { environment: 'development' };

describe.each(VERSIONS)('rampart on a real Unleash %s (%s)', (version) => {
  let server: UnleashServer;
  let client: AdminClient;
  let folder = '';

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rampart-cli-'));
    server = await startUnleashServer({ version });
    client = createAdminClient({ url: server.url, token: server.adminToken });
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  const rampart = (args: string, environment: NodeJS.ProcessEnv = {}) =>
    runRampart(args.split(' '), { UNLEASH_URL: server.url, UNLEASH_ADMIN_TOKEN: server.adminToken, ...environment });

  async function json(args: string, environment: NodeJS.ProcessEnv = {}) {
    const { code, out, err } = await rampart(`${args} --json`, environment);
    expect(err).toBe('');
    return { code, data: JSON.parse(out) };
  }

  /** Edits the change's rule as an operator would. */
  async function edit(parameters: Readonly<Record<string, string>>): Promise<void> {
    const flag = await client.flags.get({ flag: CHANGE });
    const [rule] = flag.environments.find(({ name }) => name === 'development')?.strategies ?? [];
    if (rule === undefined) throw new Error(`${CHANGE} has no rule`);
    const all = { ...rule.parameters, ...parameters };
    await client.rules.update({ flag: CHANGE, ...development, id: rule.id }, { parameters: all });
  }

  async function plainFlag(flag: string, tiers: readonly string[]): Promise<void> {
    const constraint = { contextName: 'tier', operator: 'IN', values: tiers, inverted: false, caseInsensitive: false };
    await client.flags.create({ flag, type: 'release' });
    await client.rules.add({ flag, ...development }, { name: 'default', parameters: {}, constraints: [constraint] });
    await client.flags.switchOn({ flag, ...development });
  }

  describe('init', () => {
    it('says what it would do, does it, and finds it done', async () => {
      const dry = await rampart('init --dry-run');
      expect(dry).toMatchObject({ code: 0, err: '' });
      expect(dry.out).toMatch(
        /create {4}strategy aiAccess[\s\S]*Dry run: 9 to create, 0 to update, 0 unchanged. Nothing was changed/,
      );
      expect((await rampart('init')).out).toMatch(/Done: 9 created, 0 updated, 0 unchanged/);
      expect((await rampart('init')).out).toMatch(/Everything is in place already/);
    });

    it('names what a changed ladder changes', async () => {
      const { data } = await json('init --dry-run --tiers free,starter,pro,business,enterprise,ultimate');
      const tier = data.actions.find(({ name }: { name: string }) => name === 'tier');
      expect(tier).toMatchObject({ action: 'update', changes: ['+ legal value ultimate'] });
    });

    it.each<[string, NodeJS.ProcessEnv, RegExp]>([
      ['a wrong path', { UNLEASH_URL: 'PATH' }, /Check the URL/],
      ['a token that is not accepted', { UNLEASH_ADMIN_TOKEN: '*:*.wrong' }, /the token is not accepted/],
      [
        'a token without rights',
        { UNLEASH_ADMIN_TOKEN: 'CLIENT' },
        /client or frontend token, which can't administrate/,
      ],
    ])('refuses %s', async (_, wrong, message) => {
      const real: NodeJS.ProcessEnv = { ...wrong };
      if (wrong['UNLEASH_URL'] === 'PATH') real['UNLEASH_URL'] = `${server.url}/somewhere`;
      if (wrong['UNLEASH_ADMIN_TOKEN'] === 'CLIENT') real['UNLEASH_ADMIN_TOKEN'] = server.clientToken.development;
      const { code, out, err } = await rampart('init', real);
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toMatch(message);
      expect(err).not.toContain(server.clientToken.development);
    });
  });

  describe('new-feature and new-change', () => {
    const feature = `new-feature ${FEATURE} --class support_copilot --min-tier pro --exclude hipaa,financial --enable`;
    const change = `new-change ${FEATURE} prompt-v18 --variant v18=100:{"model":"m-1"} --enable`;

    it('plan without changing anything', async () => {
      const { code, out } = await rampart(`${feature} --dry-run`);
      expect(code).toBe(0);
      expect(out).toMatch(/featureClass=support_copilot minTier=pro exclude=hipaa,financial[\s\S]*Nothing was changed/);
      expect(await client.flags.find({ flag: FEATURE })).toBeUndefined();
    });

    it('create a feature and a closed change, which lint finds sound in every environment', async () => {
      expect((await rampart(feature)).out).toMatch(
        /Done in project default[\s\S]*Next: rampart new-change ai.support-copilot/,
      );
      expect((await rampart(change)).out).toMatch(
        /variant v18 100% \{"model":"m-1"\}[\s\S]*is on, but its rule is closed/,
      );
      for (const environment of ['development', 'production']) {
        const { code, data } = await json(`lint --strict --environment ${environment}`);
        expect({ code, findings: data.findings }).toEqual({ code: 0, findings: [] });
      }
    });

    it('refuse what is there already with 1, and change nothing', async () => {
      expect(await rampart(feature)).toMatchObject({ code: 1, err: expect.stringContaining('name already exists') });
      const again = await rampart(change);
      expect(again).toMatchObject({ code: 1, err: expect.stringContaining('a second one would silently replace') });
      const under = await rampart(`new-change ${CHANGE} --name ${CHANGE}.v2`);
      expect(under).toMatchObject({ code: 1, err: expect.stringContaining('has no aiAccess rule in any environment') });
      const none = await rampart('new-change ai.nope v1');
      expect(none).toMatchObject({ code: 1, err: expect.stringContaining('no feature named "ai.nope"') });
    });

    it('stay in the environments that are named', async () => {
      await rampart('new-feature ai.only-here --class other --environment development');
      const flag = await client.flags.get({ flag: 'ai.only-here' });
      const rules = flag.environments.map(({ name, strategies }) => [name, strategies.length]);
      expect(Object.fromEntries(rules)).toEqual({ development: 1, production: 0 });
      const wrong = await rampart('new-feature ai.nowhere --class other --environment staging');
      expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('has development, production') });
      await client.flags.archive({ flag: 'ai.only-here' });
    });
  });

  describe('explain', () => {
    const who = `--tenant acme --tier pro --cohorts internal --labels none`;
    const consent = '--consent support_copilot=opt_in';

    it('shows the closed first stage, then the canary', async () => {
      const closed = await rampart(`explain ${FEATURE} ${who} ${consent}`);
      expect(closed.out).toMatch(/rollout +\S+ +1 +bucket \d+ of tenantId, 0% +closed: zero {2}<- decides/);
      await edit({ stage: 'canary', tenants: 'acme', rollout: '100' });
      const open = await rampart(`explain ${FEATURE} ${who} ${consent} --confidence 0.97`);
      expect(open).toMatchObject({ code: 0, err: '' });
      expect(open.out).toContain('Decision: enabled, every gate is open\n');
      expect(open.out).toContain('  binding    {"model":"m-1"}\n');
      expect(open.out).toContain('  route      review\n');
    });

    it('asks for consent where that is all, and says that none was given', async () => {
      const { data } = await json(`explain ${FEATURE} ${who}`);
      expect(data).toMatchObject({ enabled: false, decision: { outcome: 'consent_required', gate: 'consent' } });
      expect(data.notes[0]).toMatch(/every consent counts as unset/);
    });

    it('reads kills from a file', async () => {
      const kill = { kind: 'kill', kill: { id: 'k', scope: { feature: FEATURE }, reason: 'test' } };
      const path = file('kill.json', JSON.stringify([kill]));
      const { data } = await json(`explain ${FEATURE} ${who} ${consent} --control ${path}`);
      expect(data.decision).toMatchObject({ outcome: 'unavailable', gate: 'kill' });
    });

    it('says the same with a client token, and the revisions too', async () => {
      const path = file('client-token', server.clientToken.development);
      const environment = { UNLEASH_ADMIN_TOKEN: '' };
      const args = `explain ${FEATURE} ${who} ${consent} --client-token-file ${path}`;
      // Unleash shows an edit to clients within a second.
      await expect
        .poll(async () => (await rampart(args, environment)).out, { timeout: 5_000 })
        .toContain('Decision: enabled, every gate is open\n');
      expect((await rampart(args, environment)).out).toMatch(/revisions {2}flag [0-9a-f]{12}, policy/);
      const other = await rampart(`explain ${FEATURE} ${who} --environment production --client-token-file ${path}`);
      expect(other).toMatchObject({ code: 2, err: expect.stringContaining('the client token reads development') });
    });

    it('tells an ordinary flag and a gated one by their own rules', async () => {
      await plainFlag('old-copilot', ['free', 'pro']);
      await plainFlag('gated-copilot', ['free']);
      await addParent({ client, flag: 'gated-copilot', feature: FEATURE });
      expect((await rampart('explain old-copilot --tenant acme --tier pro')).out).toMatch(
        /no say here[\s\S]*answers on\./,
      );
      expect((await rampart('explain old-copilot --tenant acme --tier business')).out).toMatch(/answers off\./);
      const gated = await rampart(`explain gated-copilot ${who} ${consent}`);
      expect(gated.out).toMatch(/Decision: off, by the flag's own rules; every gate is open/);
    });

    it('of a flag that is not there suggests others', async () => {
      const { code, err } = await rampart('explain ai.support --tenant acme');
      expect(code).toBe(2);
      expect(err).toMatch(/there is no flag "ai.support" in development.*Did you mean ai.support-copilot, /);
    });
  });

  describe('preview', () => {
    const tenants = (): string =>
      file('tenants.csv', 'tenantId,tier,labels\nacme,pro,\nbig,enterprise,\nsmall,free,\nclinic,pro,hipaa\nbroken\n');

    it('of a parameter: gains, losses, and rows that could not be read', async () => {
      const base = `preview --tenants ${tenants()} --feature ${FEATURE} --consent support_copilot=opt_in`;
      const { code, data } = await json(`${base} --set minTier=enterprise`);
      expect(code).toBe(1);
      expect(data.counts).toEqual({ loses: 1, gains: 0, keeps: 1, 'stays out': 2, unknown: 0 });
      expect(data.unread).toEqual([{ at: 'line 6', problem: '1 cells, but the header has 3' }]);
      const wider = await rampart(`${base} --set minTier=free`);
      expect(wider.out).toMatch(/line 4 +small +off +on +gains\n/);
      expect(await rampart(`${base} --set minTeir=free`)).toMatchObject({
        code: 2,
        err: expect.stringContaining('no parameter "minTeir"'),
      });
    });

    it('of a parent: today’s answer is Unleash’s own', async () => {
      const { data } = await json(
        `preview --tenants ${tenants()} --feature ${FEATURE} --flag old-copilot --consent support_copilot=opt_in`,
      );
      const changes = data.rows.map(
        ({ subject, before, change }: { subject: { tenantId: string }; before: boolean; change: string }) => [
          subject.tenantId,
          before,
          change,
        ],
      );
      expect(changes).toEqual([
        ['acme', true, 'keeps'],
        ['big', false, 'stays out'],
        ['small', true, 'loses'],
        ['clinic', true, 'loses'],
      ]);
      expect((await client.flags.get({ flag: 'old-copilot' })).dependencies).toEqual([]);
      const bare = file('bare.csv', 'tenantId\nacme\nbig\n');
      const args = `preview --tenants ${bare} --feature ${FEATURE} --flag old-copilot --consent support_copilot=opt_in`;
      const unknown = await json(args);
      expect([unknown.code, unknown.data.counts]).toEqual([1, expect.objectContaining({ loses: 0, unknown: 2 })]);
      const { code, out } = await rampart(args);
      expect([code, out]).toEqual([
        1,
        expect.stringMatching(/acme +\? +\? +unknown +no tier, which a constraint compares/),
      ]);
      expect(out).toMatch(/2 not known\.[\s\S]*Today's answer can't be known for 2 rows/);
    });
  });

  describe('lint', () => {
    it('finds what an operator breaks in the UI, and ends with 1', async () => {
      await edit({ rollout: '101' });
      const { code, out } = await rampart('lint');
      expect(code).toBe(1);
      expect(out).toContain(`${CHANGE}\n  error    aiStage.rollout = "101": use a number from 0 to 100\n`);
      expect(out).toMatch(/1 error, 0 warnings in 4 flags of development/);
      await edit({ rollout: '100' });
      expect((await rampart('lint')).code).toBe(0);
    });

    it('reads a gates map', async () => {
      const path = file('gates.json', JSON.stringify({ 'old-copilot': 'ai.gone', lost: FEATURE }));
      const { code, data } = await json(`lint --gates ${path}`);
      expect(code).toBe(1);
      expect(data.findings.map(({ flag, field }: { flag: string; field: string }) => [flag, field])).toEqual([
        ['old-copilot', 'gates'],
        ['lost', 'gates'],
      ]);
    });

    it('ends with 1 on warnings where that is wanted', async () => {
      await rampart('new-feature support.other --class other --any-name');
      expect((await rampart('lint')).code).toBe(0);
      const { code, out } = await rampart('lint --strict');
      expect(code).toBe(1);
      expect(out).toContain('warning  name = "support.other": name a feature ai.<feature>');
    });

    it('knows which environments and projects there are', async () => {
      expect(await rampart('lint --environment staging')).toMatchObject({
        code: 2,
        err: expect.stringContaining('Unleash has development, production'),
      });
      expect(await rampart('lint --project nope')).toMatchObject({ code: 2, err: expect.stringContaining('nope') });
    });
  });
});
