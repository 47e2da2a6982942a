import {
  type AdminClient,
  type AdminFlag,
  addParent,
  createAdminClient,
  fetchDefinitions,
  installStrategies,
  newChange,
  newFeature,
  planAddParent,
  planInstall,
  planNewChange,
  planNewFeature,
  requireServer,
} from '@rampart/unleash/admin';
import { startUnleashServer, type UnleashServer, type UnleashVersion } from '@rampart/unleash-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const VERSIONS: readonly (readonly [UnleashVersion, string])[] = [
  ['7', '7.5.1'],
  ['8', '8.2.0'],
];

describe.each(VERSIONS)('on a real Unleash %s', (version, full) => {
  let server: UnleashServer;
  let client: AdminClient;
  const access = { featureClass: 'support_copilot', minTier: 'pro', exclude: ['hipaa', 'financial'] };
  const development = { environments: ['development'] };

  beforeAll(async () => {
    server = await startUnleashServer({ version });
    client = createAdminClient({ url: server.url, token: server.adminToken });
    // Unleash drops usage of flags that it doesn't have.
    await client.flags.create({ flag: 'in-use', type: 'release' });
    await sendUsage(server, { appName: 'stock-service', strategies: ['default', 'flexibleRollout'], flag: 'in-use' });
  });
  afterAll(() => server?.stop());

  const rulesIn = (flag: AdminFlag, environment: string) =>
    flag.environments.find(({ name }) => name === environment)?.strategies ?? [];
  const plainFlag = async (flag: string, on = false): Promise<void> => {
    await client.flags.create({ flag, type: 'release' });
    if (on) await client.flags.switchOn({ flag, environment: 'development' });
  };
  const feature = (name: string) => newFeature({ client, name, access, ...development });

  describe('connecting', () => {
    it('knows the version, with and without /api', async () => {
      const other = createAdminClient({ url: server.apiUrl, token: server.adminToken });
      expect(await requireServer(client)).toEqual({ version: full, edition: 'Open Source' });
      expect(await requireServer(other)).toEqual({ version: full, edition: 'Open Source' });
    });

    it('says what is wrong with the URL and the token', async () => {
      const planWith = (url: string, token: string) => planInstall({ client: createAdminClient({ url, token }) });
      const { adminToken, clientToken, url } = server;
      await expect(planWith(`${url}/unleash`, adminToken)).rejects.toMatchObject({ kind: 'wrong_url' });
      await expect(planWith(url, '*:*.wrong')).rejects.toMatchObject({ kind: 'unauthorized', status: 401 });
      await expect(planWith(url, clientToken.development)).rejects.toThrow(/this is a client or frontend token/);
    });

    it('says which permission a personal token lacks, and changes nothing', async () => {
      const token = await viewerToken(server);
      const viewer = createAdminClient({ url: server.url, token });
      await expect(installStrategies({ client: viewer })).rejects.toMatchObject({
        kind: 'forbidden',
        message: expect.stringContaining('CREATE_STRATEGY'),
      });
      expect((await client.strategies.list()).filter(({ editable }) => editable)).toEqual([]);
    });
  });

  describe('installing', () => {
    it('shows, installs, and then finds nothing to do', async () => {
      const dry = await installStrategies({ client, dryRun: true });
      expect(dry.map(({ action }) => action)).toEqual(Array(9).fill('create'));
      expect(await planInstall({ client })).toEqual(dry);
      await installStrategies({ client });
      const again = await installStrategies({ client });
      expect(again.flatMap(({ changes }) => changes)).toEqual([]);
      const tenantId = (await client.contextFields.list()).find(({ name }) => name === 'tenantId');
      expect(tenantId).toMatchObject({ stickiness: true, legalValues: [] });
    });

    it('repairs what was changed, and keeps what operators added', async () => {
      const [aiAccess] = (await client.strategies.list()).filter(({ name }) => name === 'aiAccess');
      await client.strategies.update({
        name: 'aiAccess',
        description: 'x',
        parameters: aiAccess?.parameters.slice(1) ?? [],
      });
      await deprecate(server, 'aiStage');
      const own = {
        name: 'tier',
        description: 'ours',
        stickiness: true,
        legalValues: [{ value: 'vip' }, { value: 'pro' }],
      };
      await client.contextFields.update(own);
      const done = (await installStrategies({ client })).filter(({ action }) => action === 'update');
      expect(done.map(({ name }) => name)).toEqual(['aiAccess', 'aiStage', 'tier']);
      expect((await planInstall({ client })).flatMap(({ changes }) => changes)).toEqual([]);
      const tier = (await client.contextFields.list()).find(({ name }) => name === 'tier');
      expect(tier).toMatchObject({ description: 'ours', stickiness: true });
      expect(tier?.legalValues.map(({ value }) => value)).toEqual([
        'vip',
        'pro',
        'free',
        'starter',
        'business',
        'enterprise',
      ]);
    });

    it('leaves operators free in cohorts and labels, and holds them to the tier ladder', async () => {
      await plainFlag('constrained');
      const where = { flag: 'constrained', environment: 'development' };
      const add = (contextName: string, operator: string, values: readonly string[]) => {
        const constraint = { contextName, operator, values, inverted: false, caseInsensitive: false };
        return client.rules.add(where, { name: 'default', parameters: {}, constraints: [constraint] });
      };
      await add('cohorts', 'STR_CONTAINS', ['beta-testers']);
      await add('labels', 'IN', ['anything']);
      await add('tier', 'IN', ['vip']);
      await expect(add('tier', 'IN', ['gold'])).rejects.toMatchObject({ kind: 'invalid', status: 400 });
    });
  });

  describe('a new feature and its changes', () => {
    it('a feature is a kill switch with every parameter of aiAccess explicit, and off', async () => {
      await newFeature({ client, name: 'ai.copilot', access, description: 'Answers tickets' });
      const flag = await client.flags.get({ flag: 'ai.copilot' });
      expect(flag).toMatchObject({ type: 'kill-switch', description: 'Answers tickets', dependencies: [] });
      expect(flag.environments.map(({ name, enabled }) => [name, enabled])).toEqual([
        ['development', false],
        ['production', false],
      ]);
      for (const environment of ['development', 'production']) {
        const [rule, ...more] = rulesIn(flag, environment);
        expect(more).toEqual([]);
        expect(rule).toMatchObject({ name: 'aiAccess', disabled: false });
        expect(rule?.parameters).toMatchObject({ ...access, exclude: 'hipaa,financial', consent: '', forceOn: '' });
        expect(Object.keys(rule?.parameters ?? {})).toHaveLength(13);
      }
    });

    it('a change is a closed child, its variants bindings split by tenant', async () => {
      const variants = [
        { name: 'haiku', binding: { model: 'haiku', prompt: 'v18' } },
        { name: 'off', weight: 10 },
      ];
      const plan = await newChange({
        client,
        feature: 'ai.copilot',
        change: 'prompt-v18',
        type: 'experiment',
        variants,
      });
      expect(plan.flag).toBe('ai.copilot.prompt-v18');
      const flag = await client.flags.get({ flag: plan.flag });
      expect(flag).toMatchObject({
        type: 'experiment',
        dependencies: [{ feature: 'ai.copilot', enabled: true, variants: [] }],
      });
      const [rule] = rulesIn(flag, 'production');
      expect(rule).toMatchObject({ name: 'aiStage', title: 'Who gets it now', disabled: false });
      expect(rule?.parameters).toMatchObject({
        stage: 'internal',
        rollout: '0',
        mode: 'suggestion',
        stickiness: 'tenantId',
        groupId: plan.flag,
        tenants: '',
      });
      expect(rule?.variants).toMatchObject([
        {
          name: 'haiku',
          weight: 900,
          stickiness: 'tenantId',
          payload: { type: 'json', value: '{"model":"haiku","prompt":"v18"}' },
        },
        { name: 'off', weight: 100, weightType: 'fix', stickiness: 'tenantId' },
      ]);
      expect(flag.environments.map(({ enabled }) => enabled)).toEqual([false, false]);
    });

    it('switches on where it is told, without the default rule that Unleash adds to empty environments', async () => {
      await newFeature({ client, name: 'ai.enabled', access, ...development, enable: true });
      await newChange({ client, feature: 'ai.enabled', change: 'v1', enable: true });
      for (const [flag, rule] of [
        ['ai.enabled', 'aiAccess'],
        ['ai.enabled.v1', 'aiStage'],
      ] as const) {
        const { environments } = await client.flags.get({ flag });
        expect(environments.map(({ enabled, strategies }) => [enabled, ...strategies.map(({ name }) => name)])).toEqual(
          [[true, rule], [false]],
        );
      }
    });

    it('a new change replaces the one that is on in an environment, unless told otherwise', async () => {
      await newFeature({ client, name: 'ai.replaced', access });
      const both = { environments: ['development', 'production'] };
      await newChange({ client, feature: 'ai.replaced', change: 'v1', ...development, enable: true });
      const replaced = async (stage?: { replaces: string }) => {
        const more = stage === undefined ? {} : { stage };
        const plan = await planNewChange({ client, feature: 'ai.replaced', change: 'v2', ...both, ...more });
        return plan.steps.flatMap((step) => (step.kind === 'add rule' ? step.rule.parameters['replaces'] : []));
      };
      expect(await replaced()).toEqual(['ai.replaced.v1', '']);
      expect(await replaced({ replaces: '' })).toEqual(['', '']);
      expect(await replaced({ replaces: 'ai.replaced.v0' })).toEqual(['ai.replaced.v0', 'ai.replaced.v0']);
    });

    it('planning changes nothing', async () => {
      const before = (await client.events.list({ limit: 1 }))[0]?.id;
      await planNewFeature({ client, name: 'ai.planned', access });
      await planNewChange({ client, feature: 'ai.copilot', change: 'planned' });
      await planAddParent({ client, flag: 'constrained', feature: 'ai.copilot' });
      expect((await client.events.list({ limit: 1 }))[0]?.id).toBe(before);
    });
  });

  describe('refuses', () => {
    const refused = (message: RegExp, kind = 'refused') => ({ kind, message: expect.stringMatching(message) });
    const change = (more: Partial<Parameters<typeof newChange>[0]> = {}) =>
      newChange({ client, feature: 'ai.copilot', change: 'refused', ...more });

    it('a name that is taken, and one that is archived', async () => {
      await plainFlag('ai.gone');
      await client.flags.archive({ flag: 'ai.gone' });
      await expect(feature('ai.copilot')).rejects.toMatchObject(refused(/Cannot create "ai.copilot".*already exists/));
      await expect(feature('ai.gone')).rejects.toMatchObject(
        refused(/archived flag.*revive it, or choose another name/),
      );
      await expect(change({ feature: 'ai.gone' })).rejects.toMatchObject(refused(/It is archived: revive it first/));
    });

    it('a change that exists, naming the parent that a second one would replace', async () => {
      await expect(change({ change: 'prompt-v18' })).rejects.toMatchObject(
        refused(/Its parent is "ai.copilot".*silently replace/),
      );
      await expect(change({ name: 'constrained', change: undefined as never })).rejects.toMatchObject(
        refused(/already exists.*addParent/),
      );
    });

    it('a feature that is missing, none, or itself a child', async () => {
      await expect(change({ feature: 'ai.nowhere' })).rejects.toMatchObject(refused(/no feature named "ai.nowhere"/));
      await expect(change({ feature: 'constrained', change: undefined as never, name: 'c.x' })).rejects.toMatchObject(
        refused(/"constrained" as a feature: it has no aiAccess rule/),
      );
      await expect(change({ feature: 'ai.enabled', environments: ['production'] })).rejects.toMatchObject(
        refused(/in production it has no rule instead of exactly one aiAccess rule/),
      );
      await feature('ai.middle');
      await client.dependencies.add({ flag: 'ai.middle' }, { feature: 'ai.copilot' });
      await expect(change({ feature: 'ai.middle' })).rejects.toMatchObject(
        refused(/it depends on "ai.copilot".*one level/),
      );
      await client.dependencies.remove({ flag: 'ai.middle' }, 'ai.copilot');
    });

    it('names, environments, projects and parameters that do not fit', async () => {
      await expect(feature('skill:efirm')).rejects.toMatchObject(refused(/no ":"/, 'invalid'));
      await expect(feature('copilot')).rejects.toMatchObject(refused(/the convention is ai.<feature>/, 'invalid'));
      await expect(change({ environments: ['staging'] })).rejects.toMatchObject(
        refused(/"staging": project "default" has development, production/, 'invalid'),
      );
      await expect(newFeature({ client, name: 'ai.p', access, project: 'nope' })).rejects.toMatchObject({
        kind: 'not_found',
      });
      await expect(newFeature({ client, name: 'ai.p', access: {} })).rejects.toMatchObject(
        refused(/featureClass/, 'invalid'),
      );
      await expect(change({ stage: { rollout: 5 } })).rejects.toMatchObject(
        refused(/a new change starts closed/, 'invalid'),
      );
      await expect(change({ stage: { stage: 'ga' } })).rejects.toMatchObject(refused(/starts closed/, 'invalid'));
      await expect(change({ stage: { forceOn: ['t1'] } })).rejects.toMatchObject(refused(/starts closed/, 'invalid'));
      await expect(change({ stage: { mode: 'bold' } })).rejects.toMatchObject(refused(/aiStage.mode/, 'invalid'));
    });

    it('and leaves nothing behind', async () => {
      expect(
        (await client.flags.list()).map(({ name }) => name).filter((name) => /refused|ai\.p$|^c\.x$/.test(name)),
      ).toEqual([]);
    });

    it('a failure half-way undoes what was done, so that the name is free again', async () => {
      const failing: AdminClient = {
        ...client,
        dependencies: { ...client.dependencies, add: (to) => client.dependencies.add(to, { feature: 'ai.nowhere' }) },
      };
      await expect(newChange({ client: failing, feature: 'ai.copilot', change: 'half' })).rejects.toThrow(
        /Done before that: create flag ai.copilot.half of type release. All of it was undone/,
      );
      await newChange({ client, feature: 'ai.copilot', change: 'half' });
    });
  });

  describe('gating an existing flag', () => {
    const gate = (flag: string, to = 'ai.copilot') => addParent({ client, flag, feature: to });

    it('adds the parent, keeps the rules, warns where that switches the flag off, and is idempotent', async () => {
      await plainFlag('existing', true);
      const before = await client.flags.get({ flag: 'existing' });
      const { steps, warnings } = await gate('existing');
      expect([steps.length, warnings]).toEqual([
        1,
        [expect.stringMatching(/ai.copilot is off in development, so existing/)],
      ]);
      const after = await client.flags.get({ flag: 'existing' });
      expect(after.environments).toEqual(before.environments);
      expect(after.dependencies).toEqual([{ feature: 'ai.copilot', enabled: true, variants: [] }]);
      expect(await gate('existing')).toMatchObject({ steps: [], warnings: [] });
    });

    it('refuses where Unleash would silently replace the parent, which stays', async () => {
      await expect(gate('existing', 'ai.middle')).rejects.toThrow(
        /already depends on "ai.copilot", and Unleash would silently replace/,
      );
      expect(await client.dependencies.parents({ flag: 'existing' })).toMatchObject([{ feature: 'ai.copilot' }]);
      // What Unleash does when nobody looks first.
      await client.dependencies.add({ flag: 'existing' }, { feature: 'ai.middle' });
      expect(await client.dependencies.parents({ flag: 'existing' })).toMatchObject([{ feature: 'ai.middle' }]);
    });

    it('refuses where Unleash answers 403, and says why', async () => {
      await plainFlag('a-parent');
      await plainFlag('a-child');
      await client.dependencies.add({ flag: 'a-child' }, { feature: 'a-parent' });
      await expect(gate('a-parent')).rejects.toThrow(/a-child depend on it, and Unleash allows one level.*gates map/);
      await expect(client.dependencies.add({ flag: 'a-parent' }, { feature: 'ai.copilot' })).rejects.toMatchObject({
        kind: 'refused',
        status: 403,
      });
      expect(await client.dependencies.children({ flag: 'a-parent' })).toEqual(['a-child']);
    });

    it('refuses itself, a feature, what is missing, no feature, and a dependency on the switched-off parent', async () => {
      await plainFlag('inverted');
      await client.dependencies.add({ flag: 'inverted' }, { feature: 'ai.copilot', enabled: false });
      await expect(gate('inverted')).rejects.toThrow(/it depends on it already, but as switched off/);
      await expect(gate('ai.copilot')).rejects.toThrow(/its own parent/);
      await expect(gate('ai.middle')).rejects.toThrow(/it is a feature itself/);
      await expect(gate('nowhere')).rejects.toThrow(/Cannot use "nowhere" as the flag to be gated/);
      await expect(gate('constrained', 'nowhere')).rejects.toThrow(/Cannot use "nowhere" as a feature/);
      await expect(gate('constrained', 'a-parent')).rejects.toThrow(/no aiAccess rule in any environment/);
    });
  });

  it('lists the applications with their strategies, and those that used a flag', async () => {
    // Unleash stores registrations and usage every few seconds.
    await expect
      .poll(() => client.applications.list(), { timeout: 20_000 })
      .toMatchObject([{ name: 'stock-service', strategies: ['default', 'flexibleRollout'], projects: ['*'] }]);
    await expect.poll(() => client.applications.namesUsing('in-use'), { timeout: 20_000 }).toEqual(['stock-service']);
    expect(await client.applications.namesUsing('not-in-use')).toEqual([]);
  });

  it('reads definitions with disabled rules, segments, variants and dependencies, without an event', async () => {
    const where = { flag: 'constrained', environment: 'development' };
    await createSegment(server);
    const [segment] = await client.segments.list();
    const added = await client.rules.add(where, {
      name: 'default',
      parameters: {},
      disabled: true,
      segments: [segment?.id ?? 0],
    });
    await client.rules.sort(where, [added.id]);
    const before = (await client.events.list({ limit: 1 }))[0]?.id;
    const found = new Map(
      (await fetchDefinitions(client, { environment: 'development' })).map((flag) => [flag.name, flag]),
    );
    expect((await client.events.list({ limit: 1 }))[0]?.id).toBe(before);
    const disabled = found.get('constrained')?.strategies.find(({ id }) => id === added.id);
    expect(disabled).toMatchObject({
      disabled: true,
      segments: [{ name: 'everyone', constraints: [{ contextName: 'tier' }] }],
    });
    expect(found.get('existing')).toMatchObject({
      enabled: true,
      dependencies: [{ feature: 'ai.middle', enabled: true }],
    });
    expect(found.get('ai.copilot.prompt-v18')?.strategies[0]?.variants).toHaveLength(2);
    expect([found.has('ai.gone'), [...found.keys()]]).toEqual([false, [...found.keys()].toSorted()]);
    await expect(fetchDefinitions(client, { environment: 'staging' })).rejects.toThrow(
      /Unleash has development, production/,
    );
  });

  it('updates, lists and removes rules, and switches off', async () => {
    const where = { flag: 'ai.enabled.v1', environment: 'development' };
    const [rule] = await client.rules.list(where);
    if (rule === undefined) throw new Error('the change has a rule');
    const parameters = { ...rule.parameters, stage: 'ga', rollout: '100' };
    const updated = await client.rules.update({ ...where, id: rule.id }, { parameters });
    expect(updated).toMatchObject({ id: rule.id, parameters, title: rule.title });
    await client.flags.switchOff(where);
    await client.rules.remove({ ...where, id: rule.id });
    expect(await client.rules.list(where)).toEqual([]);
    const [event] = await client.events.list({ project: 'default', feature: where.flag, limit: 1 });
    expect(event).toMatchObject({
      type: 'feature-strategy-remove',
      featureName: where.flag,
      environment: 'development',
    });
  });

  it('an update keeps what it does not name, constraints and segments above all', async () => {
    const where = { flag: 'ai.copilot.prompt-v18', environment: 'production' };
    const [rule] = await client.rules.list(where);
    const [segment] = await client.segments.list();
    const constraint = {
      contextName: 'region',
      operator: 'IN',
      values: ['eu'],
      inverted: false,
      caseInsensitive: false,
    };
    const to = { ...where, id: rule?.id ?? '' };
    await client.rules.update(to, { constraints: [constraint], segments: [segment?.id ?? 0], disabled: true });
    const after = await client.rules.update(to, { title: 'renamed' });
    expect(after).toEqual({
      ...rule,
      title: 'renamed',
      disabled: true,
      constraints: [constraint],
      segments: [segment?.id],
    });
    expect(await client.rules.list(where)).toEqual([after]);
  });
});

async function post(
  server: UnleashServer,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Response> {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: server.adminToken, ...headers },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response;
}

const deprecate = (server: UnleashServer, name: string) => post(server, `/api/admin/strategies/${name}/deprecate`, {});

const createSegment = (server: UnleashServer) =>
  post(server, '/api/admin/segments', {
    name: 'everyone',
    constraints: [{ contextName: 'tier', operator: 'IN', values: ['pro'] }],
  });

/** The personal access token of a user who may only look. */
async function viewerToken(server: UnleashServer): Promise<string> {
  const login = { username: 'viewer', password: 'Only-Looking-1!' };
  const viewer = 3;
  await post(server, '/api/admin/user-admin', { ...login, name: 'V', rootRole: viewer, sendEmail: false });
  const session = await post(server, '/auth/simple/login', login);
  const cookie = session.headers
    .getSetCookie()
    .map((entry) => entry.split(';')[0])
    .join('; ');
  const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
  const token = await post(
    server,
    '/api/admin/user/tokens',
    { description: 'test', expiresAt },
    { cookie, authorization: '' },
  );
  return ((await token.json()) as { secret: string }).secret;
}

/** Registers a service and sends usage of a flag, as an SDK does. */
async function sendUsage(
  { apiUrl, clientToken }: UnleashServer,
  { appName, strategies, flag }: { appName: string; strategies: readonly string[]; flag: string },
): Promise<void> {
  const at = new Date().toISOString();
  const toggles = { [flag]: { yes: 1, no: 0, variants: {} } };
  const sent = {
    register: { strategies, started: at, interval: 60 },
    metrics: { bucket: { start: at, stop: at, toggles } },
  };
  for (const [path, body] of Object.entries(sent)) {
    const response = await fetch(`${apiUrl}/client/${path}`, {
      method: 'POST',
      headers: { authorization: clientToken.development, 'content-type': 'application/json' },
      body: JSON.stringify({ appName, instanceId: 'one', environment: 'development', ...body }),
    });
    expect(response.status).toBeLessThan(300);
  }
}
