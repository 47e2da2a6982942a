import { describe, expect, it } from 'vitest';
import { planAddParent } from './add-parent.js';
import { type AdminClient, createAdminClient } from './admin-client.js';
import { applyPlan } from './creation.js';
import { fetchDefinitions } from './definitions.js';
import { applyInstall, planInstall } from './install.js';
import { newChange } from './new-change.js';
import { newFeature } from './new-feature.js';
import { requireServer } from './server-version.js';

type Reply = readonly [status: number, body?: unknown];
type Routes = Readonly<Record<string, Reply | (() => Reply)>>;

/** A client of a server that answers `METHOD /path` below /api/admin as configured, 404 otherwise; `sent` lists what it changed. */
function fake(routes: Routes): { readonly client: AdminClient; readonly sent: readonly string[] } {
  const sent: string[] = [];
  const send: typeof fetch = async (input, init) => {
    const key = `${init?.method} ${String(input).replace('http://h/api/admin', '')}`;
    if (init?.method !== 'GET') sent.push(key);
    const route = routes[key] ?? [404, { message: `nothing at ${key}` }];
    const [status, body] = typeof route === 'function' ? route() : route;
    return Response.json(body ?? {}, { status });
  };
  return { client: createAdminClient({ url: 'http://h', token: 'fake-token', fetch: send }), sent };
}

const BASE: Routes = {
  'GET /ui-config': [200, { version: '7.5.1', environment: 'Open Source' }],
  'GET /projects/default/overview': [
    200,
    { environments: [{ environment: 'development' }, { environment: 'production' }] },
  ],
  'GET /environments': [200, { environments: [{ name: 'development', enabled: true }] }],
  'GET /projects': [200, { projects: [{ id: 'default' }, { id: 'other' }] }],
  'GET /projects/other/overview': [200, { environments: [{ environment: 'staging' }] }],
  'GET /segments': [200, { segments: [{ id: 1, name: 's', constraints: [] }] }],
  'POST /features/validate': [200],
  'GET /strategies': [200, { strategies: [] }],
  'GET /context': [200, []],
  'POST /projects/default/features': [201],
};
const rule = (name: string, more: object = {}) => ({ id: '1', name, parameters: {}, ...more });
const flag = (name: string, strategies: readonly object[], more: object = {}) => ({
  name,
  project: 'default',
  environments: [
    { name: 'development', enabled: true, strategies },
    { name: 'production', enabled: false },
  ],
  ...more,
});
const page = (name: string): string => `/projects/default/features/${name}`;
const FEATURE = { name: 'ai.x', access: { featureClass: 'x' } };

describe('an old server', () => {
  it.each([
    ['5.6.9', true],
    ['4.22.0', true],
    ['5.7.0', false],
    ['5.10.1-beta.2', false],
    ['8.2.0', false],
    ['main', false],
  ])('%s: %s', async (version, old) => {
    const { client } = fake({ 'GET /ui-config': [200, { version }] });
    const result = requireServer(client);
    if (old)
      await expect(result).rejects.toMatchObject({
        kind: 'unsupported_version',
        message: expect.stringContaining(`Unleash ${version}`),
      });
    else await expect(result).resolves.toMatchObject({ version });
  });
});

describe('half-way', () => {
  const rules = (environment: string): string => `POST ${page('ai.x')}/environments/${environment}/strategies`;
  const half: Routes = {
    ...BASE,
    [rules('development')]: [200, rule('aiAccess')],
    [rules('production')]: [500, { message: 'boom' }],
  };
  const undo: Routes = { [`DELETE ${page('ai.x')}`]: [202], 'DELETE /archive/ai.x': [200] };

  it('a failed creation is rolled back and reported', async () => {
    const { client, sent } = fake({ ...half, ...undo });
    await expect(newFeature({ client, ...FEATURE })).rejects.toMatchObject({
      kind: 'server_error',
      message: expect.stringMatching(
        /^Cannot add an aiAccess rule to flag "ai.x" in production: Unleash failed: boom.*Done before that: create flag ai.x of type kill-switch; add an aiAccess rule to ai.x in development. All of it was undone: ai.x is deleted/,
      ),
    });
    expect(sent.slice(-2)).toEqual([`DELETE ${page('ai.x')}`, 'DELETE /archive/ai.x']);
  });

  it('where undoing fails too, it says what to do by hand', async () => {
    await expect(newFeature({ client: fake(half).client, ...FEATURE })).rejects.toThrow(
      /Undoing it failed too \(.*\): archive and delete ai.x in project default by hand, or finish: add an aiAccess rule to ai.x in production/,
    );
  });

  it('a failed first step left nothing, unless its outcome is unknown', async () => {
    const failing = (reply: Reply) => fake({ ...BASE, 'POST /projects/default/features': reply }).client;
    await expect(newFeature({ client: failing([403, {}]), ...FEATURE })).rejects.toThrow(/Nothing was changed/);
    await expect(newFeature({ client: failing([502, {}]), ...FEATURE })).rejects.toThrow(
      /Check whether flag ai.x exists/,
    );
  });

  it('a flag that was there before is never deleted', async () => {
    const { client, sent } = fake({ [`POST ${page('old')}/dependencies`]: [200] });
    const steps = [
      { kind: 'add parent', flag: 'old', parent: 'ai.x' },
      { kind: 'switch on', flag: 'old', environment: 'development' },
    ] as const;
    const plan = { flag: 'old', project: 'default', steps, warnings: [] };
    await expect(applyPlan(client, plan)).rejects.toThrow(
      /Done before that: make ai.x the parent of old. To finish: switch old on/,
    );
    expect(sent.filter((key) => key.startsWith('DELETE'))).toEqual([]);
  });

  it('an interrupted installation says what is done', async () => {
    const { client } = fake({ ...BASE, 'POST /strategies': [201], 'POST /context': [403, { message: 'no' }] });
    const plan = await planInstall({ client });
    await expect(applyInstall(client, plan)).rejects.toThrow(
      /Done before that: strategy aiAccess, strategy aiStage \(2 of 9\)/,
    );
  });
});

describe('refusals that an open-source server can not show', () => {
  const missing = `There's no feature named "ai.x" in project "default", but there's a feature with that name in project "other"`;
  const elsewhere: Routes = {
    ...BASE,
    [`GET ${page('ai.x')}`]: [404, { message: missing }],
    'POST /features/validate': [409, { message: 'exists' }],
  };

  it('a feature in another project', async () => {
    const { client, sent } = fake(elsewhere);
    await expect(newChange({ client, feature: 'ai.x', change: 'v2' })).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/in project "other". Parent and child must be in one project/),
    });
    expect(sent).toEqual(['POST /features/validate']);
  });

  it('a name that is taken in another project', async () => {
    await expect(newFeature({ client: fake(elsewhere).client, ...FEATURE })).rejects.toThrow(
      /Cannot create "ai.x": exists/,
    );
  });
});

it('a parent counts in every environment: where it would switch the flag off, planning warns', async () => {
  const off = { environments: [{ name: 'development', enabled: false, strategies: [rule('aiAccess')] }] };
  const { client } = fake({
    ...BASE,
    [`GET ${page('old')}`]: [200, flag('old', [rule('default')])],
    [`GET ${page('ai.x')}`]: [200, flag('ai.x', [], off)],
  });
  const plan = await planAddParent({ client, flag: 'old', feature: 'ai.x' });
  expect(plan.warnings).toEqual(['ai.x is off in development, so old, which is on there, will be off for everyone.']);
});

describe('definitions', () => {
  const listed = (name: string, variantCount = 0) => ({ name, environments: [{ name: 'development', variantCount }] });
  const routes: Routes = {
    ...BASE,
    'GET /projects/default/features': [200, { features: [listed('b', 1), listed('a'), listed('gone')] }],
    [`GET ${page('a')}`]: [
      200,
      flag('a', [rule('x', { sortOrder: 2, disabled: true }), rule('y', { sortOrder: 1, segments: [1, 9] })]),
    ],
    [`GET ${page('b')}`]: [
      200,
      flag('b', [rule('x', { parameters: { n: 3, z: null } })], { dependencies: [{ feature: 'a' }] }),
    ],
    [`GET ${page('b')}/environments/development/variants`]: [200, { variants: [{ name: 'v', weight: 1000 }] }],
  };

  it('come by name, with rules in order, disabled ones marked, segments resolved, older variants', async () => {
    const [a, b, ...more] = await fetchDefinitions(fake(routes).client, { environment: 'development' });
    expect(more).toEqual([]);
    expect(a).toMatchObject({
      name: 'a',
      enabled: true,
      variants: [],
      strategies: [
        { name: 'y', disabled: false },
        { name: 'x', disabled: true },
      ],
    });
    expect(a?.strategies[0]?.segments).toEqual([{ id: 1, name: 's', constraints: [] }, undefined]);
    expect(b).toMatchObject({
      variants: [{ name: 'v' }],
      dependencies: [{ feature: 'a', enabled: true, variants: [] }],
    });
    expect(b?.strategies[0]?.parameters).toEqual({ n: '3', z: '' });
  });

  it('of an environment or project that is not there are refused', async () => {
    const { client } = fake(routes);
    await expect(fetchDefinitions(client, { environment: 'prod' })).rejects.toThrow(
      /Unleash has development. Use one of them/,
    );
    await expect(fetchDefinitions(client, { environment: 'development', project: 'no' })).rejects.toThrow(
      /Cannot read project "no"/,
    );
  });
});
