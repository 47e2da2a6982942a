import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, createGateway, hashKey } from '@rampart/gateway';
import { createControl, createRampart, type DurableControl } from '@rampart/sdk';
import { prepareEmbedded } from '@rampart/services';
import { usePostgres } from '@rampart/services/vitest';
import { createAdminClient, findWidenEvent, planWiden, widen as widenPlan } from '@rampart/unleash/admin';
import { startUnleashServer, type UnleashServer } from '@rampart/unleash-server';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pageCommands } from './support/help-examples.js';
import { rampart as runRampart } from './support/rampart-command.js';

const postgres = usePostgres();
const SECRET = 'a secret of thirty-two characters';
const OPERATOR_KEY = 'rk_the-key-of-an-operator-in-these-tests';
const FEATURE = 'ai.support-copilot';
const CHANGE = `${FEATURE}.prompt-v18`;

let server: UnleashServer;
let gateway: App;
let control: DurableControl;
let folder = '';
let environment: NodeJS.ProcessEnv = {};

const rampart = (...args: readonly string[]) => runRampart(args, environment);
const page = (name: string): string => readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');

/** Runs the commands of a page in their order; resolves with what each printed. */
async function runPage(name: string): Promise<readonly { readonly text: string; readonly out: string }[]> {
  const { port } = gateway.server.address() as AddressInfo;
  const results = [];
  for (const { text, args } of pageCommands(page(name))) {
    const { code, out, err } = await rampart(
      ...args.map((word) => (word === 'https://gateway.example.com' ? `http://127.0.0.1:${port}` : word)),
    );
    expect({ text, code, err }).toEqual({ text, code: 0, err: '' });
    results.push({ text, out });
  }
  return results;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rampart-pages-'));
  server = await startUnleashServer({ version: '8' });
  environment = {
    UNLEASH_URL: server.url,
    UNLEASH_ADMIN_TOKEN: server.adminToken,
    RAMPART_DATABASE_URL: postgres().url,
    RAMPART_SECRET: SECRET,
    RAMPART_GATEWAY_KEY: OPERATOR_KEY,
  };
  await rampart('migrate');
  await rampart('init');
  await rampart('new-feature', FEATURE, '--class', 'support_copilot', '--enable');
  await rampart('new-change', FEATURE, 'prompt-v18', '--enable');
  control = createControl({ database: postgres().url, secret: SECRET });
  gateway = createGateway({
    unleash: { url: `${server.url}/api`, token: server.clientToken.development },
    database: postgres().url,
    secret: SECRET,
    keys: [{ name: 'on-call', hash: hashKey(OPERATOR_KEY), role: 'operator' }],
    logLevel: 'silent',
    eventDays: 36_500,
  });
  await gateway.listen({ port: 0, host: '127.0.0.1' });
  await vi.waitFor(async () => {
    const { statusCode } = await gateway.inject('/readyz');
    if (statusCode !== 200) throw new Error(`not ready: ${statusCode}`);
  }, 20_000);
});
afterAll(async () => {
  await gateway?.close();
  await control?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('docs/who-saw-a-change.md', () => {
  const served = (user: string, tenant: string, day: number) => ({
    ...{ id: `${user}-${day}`, name: 'exposure', at: Date.UTC(2026, 10, day, 9), source: 'service:support' },
    ...{ tenant, user, flag: FEATURE, change: CHANGE, variant: 'v18' },
  });
  beforeAll(() =>
    control.store.recordEvents([
      served('ann', 'acme', 2),
      served('ann', 'acme', 3),
      served('bob', 'acme', 3),
      served('cy', 'globex', 4),
    ]),
  );

  it('runs as pasted, and shows the table of the page', async () => {
    const [tenants, narrowed] = await runPage('who-saw-a-change');
    const shown = /```text\n([\s\S]*?)```/.exec(page('who-saw-a-change'))?.[1]?.replace(/^ {3}/gm, '');
    expect(tenants?.out).toBe(shown?.trimStart());
    expect(narrowed?.out).not.toContain('globex');
  });

  it('an erased user is in no list', async () => {
    const erase = ['data', 'erase', '--tenant', 'acme', '--user', 'ann', '--reason', 'request', '--yes'] as const;
    expect(await rampart(...erase)).toMatchObject({ code: 0 });
    const { out } = await rampart('exposures', '--change', CHANGE, '--json');
    expect((JSON.parse(out) as { subjects: { user: string }[] }).subjects.map(({ user }) => user)).toEqual([
      'bob',
      'cy',
    ]);
  });

  it.each([
    ['ai.support-copilot.prompt-v81', CHANGE],
    [FEATURE, CHANGE],
    [CHANGE.slice(0, -1), CHANGE],
  ])('%s without a change of that name ends with 1, and names %s', async (name, near) => {
    expect(await rampart('exposures', '--change', name)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining(`did you mean ${near}?`),
    });
    const { UNLEASH_URL: _url, ...withoutUnleash } = environment;
    expect(await runRampart(['exposures', '--change', name], withoutUnleash)).toMatchObject({
      code: 1,
      err: expect.stringContaining(`did you mean ${near}?`),
    });
  });

  it('a change of Unleash that was served to no subject ends with 0', async () => {
    await rampart('new-change', FEATURE, 'unserved');
    expect(await rampart('exposures', '--change', `${FEATURE}.unserved`)).toEqual({
      code: 0,
      err: '',
      out: `No exposure of ${FEATURE}.unserved matches.\n`,
    });
  });

  it('wrong options are refused by name', async () => {
    for (const [args, message] of [
      [[], /--change is missing/],
      [['--change', CHANGE, '--user', 'ann'], /--user: name the tenant/],
      [['--change', CHANGE, '--limit', '0'], /--limit "0": use a whole number from 1 to 1000000/],
      [['--change', CHANGE, '--after', 'x'], /after = "x"/],
      [['--change', CHANGE, '--since', '2026-11-02', '--until', '2026-11-01'], /--since .* before --until/],
      [[CHANGE], /Did you mean --change ai\.support-copilot\.prompt-v18\?/],
    ] as const)
      expect(await rampart('exposures', ...args)).toMatchObject({ code: 2, err: expect.stringMatching(message) });
  });
});

describe('docs/widen-a-stage.md', () => {
  const place = { flag: CHANGE, environment: 'development' };
  const client = () => createAdminClient({ url: server.url, token: server.adminToken });
  const ruleNow = async () => {
    const [rule] = await client().rules.list(place);
    if (rule === undefined) throw new Error('the change has no rule');
    return rule;
  };
  const widen = (...args: readonly string[]) => rampart('widen', CHANGE, '--environment', 'development', ...args);
  const constraint = { contextName: 'region', operator: 'IN', values: ['eu'], inverted: false, caseInsensitive: false };

  beforeAll(async () => {
    const { id, parameters } = await ruleNow();
    const changed = { parameters: { ...parameters, maxPerHour: '7' }, constraints: [constraint] };
    await client().rules.update({ ...place, id }, changed);
  });

  it('runs as pasted, keeps everything else of the rule, and records the edits with their reasons', async () => {
    const before = await ruleNow();
    const results = await runPage('widen-a-stage');
    expect(results[0]?.out).toMatch(
      /^ai\.support-copilot\.prompt-v18 in development: stage internal → dogfood, rollout 0 → 100\nNothing was changed\./,
    );
    const after = await ruleNow();
    const wider = { stage: 'canary', rollout: '50', tenants: 'acme,globex' };
    expect(after).toEqual({ ...before, parameters: { ...before.parameters, ...wider } });
    const audit = await rampart('audit', '--flag', CHANGE, '--kind', 'flag_edit');
    expect(audit.out).toMatch(/rollout 0 → 100, stage internal → dogfood\n +by admin: review of 2026-11-30\n/);
    expect(audit.out).toMatch(/rollout 25 → 50\n +by admin: no complaints in a day\n/);
  });

  it.each<[what: string, args: readonly string[], code: number, message: RegExp]>([
    ['a narrower percentage', ['--rollout', '20'], 1, /that is narrower/],
    ['a narrower stage', ['--stage', 'dogfood', '--rollout', '100'], 1, /that is narrower/],
    ['the same', ['--rollout', '50'], 1, /is at canary 50 % already/],
    ['a step over a stage', ['--stage', 'ga', '--rollout', '10'], 1, /the stage after canary is tier.*--skip-stages/],
    ['another stage without a percentage', ['--stage', 'tier'], 2, /without a rollout: pass --rollout/],
    ['the stage tier without tiers', ['--stage', 'tier', '--rollout', '10'], 2, /name them with --add-tiers/],
    ['an unknown stage', ['--stage', 'beta', '--rollout', '10'], 2, /use one of internal, dogfood/],
    ['a percentage above 100', ['--rollout', '101'], 2, /aiStage\.rollout/],
    ['nothing', [], 2, /nothing to widen/],
    ['an unknown rule', ['--rollout', '60', '--rule', 'x'], 1, /Cannot widen rule "x"/],
  ])('%s is refused, and nothing is written', async (_what, args, code, message) => {
    const before = await ruleNow();
    expect(await widen(...args, '--yes')).toMatchObject({ code, err: expect.stringMatching(message) });
    expect(await ruleNow()).toEqual(before);
  });

  it('a feature of priority P1 allows no step over a stage', async () => {
    const feature = { flag: FEATURE, environment: 'development' };
    const [access] = await client().rules.list(feature);
    const reference = { ...feature, id: access?.id ?? '' };
    const skip = () => widen('--stage', 'ga', '--rollout', '10', '--skip-stages', '--dry-run');
    await client().rules.update(reference, { parameters: { ...access?.parameters, priority: 'P1' } });
    expect(await skip()).toMatchObject({ code: 1, err: expect.stringContaining('has priority P1') });
    await client().rules.update(reference, { parameters: { ...access?.parameters } });
    expect(await skip()).toMatchObject({ code: 0, out: expect.stringContaining('stage canary → ga, rollout 50 → 10') });
  });

  it('without --yes nothing is written, and an edit in between is noticed by the digest', async () => {
    const planned = await widen('--rollout', '60', '--json');
    const { digest, isWritten } = JSON.parse(planned.out) as { readonly digest: string; readonly isWritten: boolean };
    expect([planned.code, isWritten]).toEqual([1, false]);
    const { id, parameters } = await ruleNow();
    await client().rules.update({ ...place, id }, { parameters: { ...parameters, maxPerHour: '8' } });
    expect(await widen('--rollout', '60', '--yes', '--expect', digest)).toMatchObject({
      code: 1,
      err: expect.stringContaining('it was changed since'),
    });
    expect((await ruleNow()).parameters).toMatchObject({ rollout: '50', maxPerHour: '8' });
  });

  it('an edit between the last reading and the write is refused', async () => {
    const admin = client();
    const plan = await planWiden({ client: admin, change: CHANGE, environment: 'development', rollout: '60' });
    await admin.rules.update({ ...place, id: plan.rule.id }, { constraints: [] });
    await expect(widenPlan(admin, plan)).rejects.toThrow('its rule in development was changed meanwhile');
    expect((await ruleNow()).parameters).toMatchObject({ rollout: '50' });
  });

  it('an edit that arrives after the last reading and is overwritten is found in the event log', async () => {
    const admin = client();
    const plan = await planWiden({ client: admin, change: CHANGE, environment: 'development', rollout: '55' });
    const edited = { ...plan.rule.parameters, maxPerHour: '9' };
    const late = {
      ...admin,
      rules: {
        ...admin.rules,
        update: async (...[to, change]: Parameters<typeof admin.rules.update>) => {
          await admin.rules.update(to, { parameters: edited });
          return admin.rules.update(to, change);
        },
      },
    };
    await widenPlan(late, plan);
    expect(await findWidenEvent(admin, plan)).toEqual({ event: expect.any(Number), hasOverwritten: true });
    expect((await widen('--rollout', '60', '--yes')).code).toBe(0);
  });
});

describe('docs/caps-floors-calibrations.md', () => {
  const AUTONOMOUS = `${FEATURE}.autonomous`;
  const subject = { targetingKey: 'ann', tenantId: 'acme', tier: 'pro', labels: [], confidence: 0.97 };
  const REASON = ['--reason', 'INC-9'] as const;

  beforeAll(async () => {
    await rampart('new-change', FEATURE, 'autonomous', '--set', 'mode=autonomous', '--enable');
    const ga = ['--environment', 'development', '--stage', 'ga', '--rollout', '100', '--skip-stages', '--yes'] as const;
    await rampart('widen', AUTONOMOUS, ...ga);
  });

  it('runs as pasted, and leaves nothing that limits', async () => {
    await runPage('caps-floors-calibrations');
    expect(await rampart('cap', 'list')).toMatchObject({ code: 0, out: 'No cap is recorded.\n' });
    expect(await rampart('floor', 'list')).toMatchObject({ code: 0, out: 'No floor is recorded.\n' });
    const { out } = await rampart('calibration', 'list', '--json');
    expect(JSON.parse(out)).toMatchObject([{ change: { change: CHANGE, error: 1 }, reason: 'the model changed' }]);
    expect((await rampart('audit', 'verify')).code).toBe(0);
  });

  /** Runs a command on a database, and decides afterwards in a program that opens it. */
  const onDatabase = (database: string) => {
    const given = { ...environment, RAMPART_DATABASE_URL: database };
    const options = { database: database.includes('://') ? database : { folder: database }, secret: SECRET };
    return {
      run: (...args: readonly string[]) => runRampart(args, given),
      decide: async () => {
        const opened = createControl(options);
        const { rampart: joined, close } = await joinedTo(opened);
        try {
          await opened.load('acme');
          const { enabled, mode, bands, route } = joined.decide(AUTONOMOUS, subject);
          return { enabled, mode, autoAbove: bands?.autoAbove, route };
        } finally {
          await close();
        }
      },
    };
  };

  const joinedTo = async (opened: DurableControl) => {
    const token = server.clientToken.development;
    const unleash = { url: `${server.url}/api`, appName: 'limits', customHeaders: { Authorization: token } };
    const joined = createRampart({ unleash, control: opened });
    await opened.ready();
    await joined.provider.initialize?.();
    const close = async () => {
      await joined.provider.onClose?.();
      await opened.close();
    };
    return { rampart: joined, close };
  };

  it.each<[name: string, place: () => Promise<string>]>([
    ['PostgreSQL', () => postgres().newDatabase()],
    ['the embedded folder', () => Promise.resolve(join(folder, 'embedded'))],
  ])('each command changes what is decided, on %s', async (_name, place) => {
    const database = await place();
    if (!database.includes('://')) await prepareEmbedded(database);
    const { run, decide } = onDatabase(database);
    const done = async (...args: readonly string[]) => expect(await run(...args)).toMatchObject({ code: 0, err: '' });
    await done('migrate');
    await done('consent', 'set', '--tenant', 'acme', '--class', 'support_copilot', '--state', 'opt_in', ...REASON);
    expect(await decide()).toMatchObject({ enabled: true, mode: 'confirmation' });
    await done('calibration', 'set', '--change', AUTONOMOUS, '--error', '0.03', ...REASON);
    expect(await decide()).toEqual({ enabled: true, mode: 'autonomous', autoAbove: 0.95, route: 'auto' });
    await done('floor', 'set', '--id', 'f', '--feature', FEATURE, '--auto-above', '0.99', ...REASON);
    expect(await decide()).toMatchObject({ mode: 'autonomous', autoAbove: 0.99, route: 'confirm' });
    await done('cap', 'set', '--id', 'c', '--tenant', 'acme', '--mode', 'suggestion', ...REASON);
    expect(await decide()).toMatchObject({ mode: 'suggestion', route: 'review' });
    await done('cap', 'end', '--id', 'c', ...REASON);
    await done('floor', 'end', '--id', 'f', ...REASON);
    expect(await decide()).toMatchObject({ mode: 'autonomous', route: 'auto' });
    await done('calibration', 'end', '--change', AUTONOMOUS, ...REASON);
    expect(await decide()).toMatchObject({ mode: 'confirmation' });
    const audit = await run('audit', '--kind', 'cap,lift_cap,floor,lift_floor,calibration');
    expect(audit.out.match(/INC-9/g)).toHaveLength(6);
  });

  it('a command that is repeated with its entry id is recorded once, and a changed one replaces what was read', async () => {
    const set = ['cap', 'set', '--id', 'r', '--all', '--mode', 'shadow', '--actor', 'dana', ...REASON] as const;
    const first = await rampart(...set, '--entry-id', 'cap-once', '--json');
    const again = await rampart(...set, '--entry-id', 'cap-once', '--json');
    expect(JSON.parse(again.out)).toEqual(JSON.parse(first.out));
    const wider = await rampart('cap', 'set', '--id', 'r', '--all', '--mode', 'confirmation', ...REASON);
    expect(wider).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^cap r: at most confirmation for everything\n/),
    });
    expect((await rampart('cap', 'list')).out).toMatch(/^r +everything +confirmation/m);
    const end = ['cap', 'end', '--id', 'r', '--actor', 'dana', '--entry-id', 'end-once', ...REASON] as const;
    expect(await rampart(...end)).toMatchObject({ code: 0 });
    expect(await rampart(...end)).toMatchObject({ code: 0 });
  });

  it('a flag that Unleash does not have is recorded with a warning and exit code 1, or accepted with --unknown-ok', async () => {
    const set = (...more: readonly string[]) =>
      rampart('calibration', 'set', '--change', `${FEATURE}.autonomos`, '--error', '0.5', ...REASON, ...more);
    expect(await set()).toMatchObject({ code: 1, err: expect.stringMatching(/autonomos.*did you mean .*autonomous/) });
    expect(await set('--unknown-ok')).toMatchObject({ code: 0, err: '' });
  });

  it.each<[args: readonly string[], message: RegExp]>([
    [['cap', 'set', '--all', '--mode', 'shadow', ...REASON], /--id is missing/],
    [['cap', 'set', '--id', 'x', '--mode', 'shadow', ...REASON], /nothing to cap: pass --feature/],
    [['cap', 'set', '--id', 'x', '--all', ...REASON], /--mode is missing/],
    [['cap', 'set', '--id', 'x', '--all', '--mode', 'off', ...REASON], /Allowed choices are shadow/],
    [['cap', 'set', '--id', 'x', '--all', '--mode', 'shadow'], /--reason is missing/],
    [['floor', 'set', '--id', 'x', '--all', ...REASON], /pass --auto-above, --confirm-from or --review-from/],
    [['floor', 'set', '--id', 'x', '--all', '--auto-above', '2', ...REASON], /autoAbove = 2: use a number from 0 to 1/],
    [['floor', 'set', '--id', 'x', '--all', '--auto-above', 'much', ...REASON], /--auto-above "much": write a number/],
    [['calibration', 'set', '--change', 'ai.x.y', '--error', '1.5', ...REASON], /error = 1\.5/],
    [['calibration', 'end', '--change', 'ai.x.y', ...REASON], /"ai\.x\.y" has no calibration/],
    [['cap', 'end', '--id', 'none', ...REASON], /there is no cap "none": rampart cap list/],
    [['floor', 'end', '--id', 'none', ...REASON], /there is no floor "none": rampart floor list/],
  ])('rampart %j ends with 2 and writes nothing', async (args, message) => {
    const before = await control.store.head();
    expect(await rampart(...args)).toMatchObject({ code: 2, err: expect.stringMatching(message) });
    expect((await control.store.head()).position).toBe(before.position);
  });
});
