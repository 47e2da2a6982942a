import { mkdtempSync, rmSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createControl, createRampart, type DurableControl, routeConfidence } from '@rampart/sdk';
import { startTcpProxy, type TcpProxy } from '@rampart/services';
import { usePostgres } from '@rampart/services/vitest';
import {
  type AdminClient,
  applyInstall,
  createAdminClient,
  newChange,
  newFeature,
  planInstall,
} from '@rampart/unleash/admin';
import { startUnleashServer, type UnleashServer, type UnleashVersion } from '@rampart/unleash-server';
import { Unleash } from 'unleash-client';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { rampart as runRampart } from './support/rampart-command.js';
import { type RampartProcess, startRampart } from './support/rampart-process.js';

const VERSIONS: readonly (readonly [UnleashVersion, string])[] = [
  ['7', '7.5.1'],
  ['8', '8.2.0'],
];
const SECRET = 'a secret of thirty-two characters';
const FEATURE = 'ai.support-copilot';
const CHANGE = `${FEATURE}.prompt-v18`;
const PLAIN = 'plain-summary';

const postgres = usePostgres();

describe.each(VERSIONS)('kill switches with a real Unleash %s (%s) and PostgreSQL', (version) => {
  let folder = '';
  let server: UnleashServer;
  let client: AdminClient;
  let control: DurableControl;
  let database = '';
  let toUnleash: TcpProxy;
  let toDatabase: TcpProxy;
  const children: RampartProcess[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'rampart-kill-'));
    server = await startUnleashServer({ version });
    client = createAdminClient({ url: server.url, token: server.adminToken });
    database = await postgres().newDatabase();
    control = createControl({ database, secret: SECRET });
    await control.ready();
    toUnleash = await startTcpProxy({ target: addressOf(server.url) });
    toDatabase = await startTcpProxy({ target: addressOf(database) });
    await setUp(client);
    const consent = { state: 'opt_in' } as const;
    await control.apply(
      { kind: 'consent', tenant: 'acme', featureClass: 'support_copilot', consent },
      { actor: 'test', reason: 'order form' },
    );
  });
  afterEach(async () => {
    for (const { child } of children.splice(0)) child.kill('SIGKILL');
    await toUnleash.heal();
    await toDatabase.heal();
  });
  afterAll(async () => {
    await toUnleash?.close();
    await toDatabase?.close();
    await control?.close();
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  // Every test begins with everything on and nothing killed.
  beforeEach(async () => {
    for (const { id } of await kills()) await rampart('revive', id, '--reason', 'next', '--fix', 'none', '--leave-off');
    await rampart('sync');
    for (const flag of [FEATURE, CHANGE, PLAIN])
      if (!(await isOn(flag))) await client.flags.switchOn({ flag, environment: 'development' });
  });

  const environment = (): NodeJS.ProcessEnv => ({
    UNLEASH_URL: `http://127.0.0.1:${toUnleash.port}`,
    UNLEASH_ADMIN_TOKEN: server.adminToken,
    RAMPART_DATABASE_URL: withPort(database, toDatabase.port),
    RAMPART_SECRET: SECRET,
    RAMPART_STATE_FOLDER: join(folder, 'state'),
  });
  const rampart = (...args: readonly string[]) => runRampart(args, environment());
  const child = (...args: readonly string[]): RampartProcess => {
    const started = startRampart(args, environment());
    children.push(started);
    return started;
  };
  const kills = async () =>
    (await control.store.items({ kind: 'kill' })).flatMap(({ change }) =>
      change.kind === 'kill' ? [change.kill] : [],
    );
  const isOn = async (flag: string, name = 'development'): Promise<boolean | undefined> =>
    (await client.flags.get({ flag })).environments.find((one) => one.name === name)?.enabled;
  const orders = async (): Promise<readonly string[]> =>
    (await readdir(join(folder, 'state'), { recursive: true })).filter((name) => name.endsWith('.json'));
  const journal = async (): Promise<string> =>
    (await Promise.all((await orders()).map((name) => readFile(join(folder, 'state', name), 'utf8')))).join('');

  it('a plain SDK obeys: the flag is off in every environment, and on again where it was, after the revival', async () => {
    const unleash = new Unleash({
      url: server.apiUrl,
      appName: 'plain',
      refreshInterval: 200,
      disableMetrics: true,
      skipInstanceCountWarning: true,
      customHeaders: { Authorization: server.clientToken.development },
    });
    try {
      await expect.poll(() => unleash.isEnabled(PLAIN), { timeout: 10_000 }).toBe(true);
      const killed = await rampart('kill', '--change', PLAIN, '--reason', 'INC-7');
      expect(killed).toMatchObject({ code: 0, err: '' });
      expect(killed.out).toMatch(
        /control log {2}HOLDS since[\s\S]*Unleash {6}HOLDS since[\s\S]*switched off: plain-summary in development/,
      );
      expect(killed.out).not.toContain('in production');
      await expect.poll(() => unleash.isEnabled(PLAIN), { timeout: 10_000 }).toBe(false);
      const [kill] = await kills();
      const listed = await rampart('kills');
      expect(listed).toMatchObject({ code: 0 });
      expect(listed.out).toMatch(/kill-\w{12} {2}change plain-summary .*INC-7/);
      const revived = await rampart('revive', kill?.id ?? '', '--reason', 'fixed', '--fix', 'PR-1');
      expect(revived.out).toMatch(/switched on: plain-summary in development/);
      await expect.poll(() => unleash.isEnabled(PLAIN), { timeout: 10_000 }).toBe(true);
      expect([await isOn(PLAIN, 'production'), await kills()]).toEqual([false, []]);
    } finally {
      unleash.destroy();
    }
  });

  it('work that is in flight finishes; a new decision sees the kill', async () => {
    const service = createRampart({
      unleash: {
        url: server.apiUrl,
        appName: 'service',
        customHeaders: { Authorization: server.clientToken.development },
      },
      control,
    });
    const context = { tenantId: 'acme', tier: 'pro', targetingKey: 'ann', labels: [], cohorts: ['internal'] };
    try {
      await service.provider.initialize();
      await control.load('acme');
      await expect.poll(() => service.decide(FEATURE, context).enabled, { timeout: 10_000 }).toBe(true);
      const before = service.decide(FEATURE, context);
      await rampart('kill', '--feature', FEATURE, '--tenant', 'acme', '--reason', 'INC-8');
      await expect.poll(() => service.decide(FEATURE, context).gate, { timeout: 5_000 }).toBe('kill');
      expect(service.decide(FEATURE, context)).toMatchObject({ outcome: 'unavailable', enabled: false });
      // What was decided before goes on to its end with what it was given.
      expect(before).toMatchObject({ enabled: true, binding: { model: 'm-1' } });
      expect(routeConfidence(before, 0.97)).toBe('review');
    } finally {
      await service.close();
    }
  });

  it('a command killed while Unleash hangs holds in the log, and sync switches the flag off', async () => {
    toUnleash.halfOpen();
    const command = child('kill', '--feature', FEATURE, '--reason', 'INC-9');
    await expect.poll(async () => (await kills()).length, { timeout: 20_000 }).toBe(1);
    // The command itself has to know that the log has it, or the next one would say that perhaps it hasn't.
    await expect.poll(journal, { timeout: 20_000 }).toMatch(/"recorded":true/);
    command.child.kill('SIGKILL');
    expect(await command.ended).toBe('SIGKILL');
    expect(await isOn(FEATURE)).toBe(true);
    await toUnleash.heal();
    const seen = await rampart('kills');
    expect(seen).toMatchObject({ code: 1 });
    expect(seen.out).toMatch(
      /pending {2}kill kill-\w+ \(feature ai.support-copilot\) misses Unleash, noted on this machine/,
    );
    const synced = await rampart('sync');
    expect(synced).toMatchObject({
      code: 0,
      out: expect.stringContaining('switched off: ai.support-copilot in development'),
    });
    expect(await isOn(FEATURE)).toBe(false);
    expect(await orders()).toEqual([]);
    expect((await rampart('kills')).code).toBe(0);
    const { entries } = await control.store.entries({ kinds: ['kill'], flag: FEATURE });
    expect(entries.filter(({ reason }) => reason === 'INC-9')).toHaveLength(1);
  });

  it('another machine, without the journal, finishes it too', async () => {
    toUnleash.halfOpen();
    const cut = await rampart('kill', '--feature', FEATURE, '--reason', 'INC-10', '--timeout', '1');
    expect(cut).toMatchObject({ code: 1 });
    expect(cut.out).toMatch(
      /Unleash {6}DOES NOT HOLD YET[\s\S]*Left pending: Unleash. rampart sync finishes it, from any machine/,
    );
    await toUnleash.heal();
    const elsewhere = { ...environment(), RAMPART_STATE_FOLDER: join(folder, 'elsewhere') };
    expect(await runRampart(['sync'], elsewhere)).toMatchObject({ code: 0 });
    expect(await isOn(FEATURE)).toBe(false);
  });

  it('a command killed while the database is gone has switched Unleash off, and sync records it', async () => {
    await toDatabase.drop();
    const command = child('kill', '--feature', FEATURE, '--reason', 'INC-11');
    await expect.poll(() => isOn(FEATURE), { timeout: 20_000 }).toBe(false);
    await expect.poll(() => command.said()).toMatch(/still trying, control log: /);
    expect(command.said()).not.toContain(SECRET);
    command.child.kill('SIGKILL');
    await command.ended;
    expect(await kills()).toEqual([]);
    const early = await rampart('sync', '--timeout', '1');
    expect(early.code).toBe(2);
    expect(early.out).toMatch(/control log {2}DOES NOT HOLD YET/);
    await toDatabase.heal();
    expect(await rampart('sync')).toMatchObject({ code: 0, out: expect.stringContaining('control log  HOLDS') });
    expect(await kills()).toMatchObject([{ scope: { feature: FEATURE }, reason: 'INC-11' }]);
    // What it had switched off is known although it crashed, so that the revival switches it on again.
    const [kill] = await kills();
    await rampart('revive', kill?.id ?? '', '--reason', 'fixed', '--fix', 'PR-2');
    expect(await isOn(FEATURE)).toBe(true);
  });

  it.each(['Unleash', 'the database'])('a command gives up on %s that hangs when it was told to', async (which) => {
    (which === 'Unleash' ? toUnleash : toDatabase).halfOpen();
    const command = child('kill', '--feature', FEATURE, '--reason', 'INC-17', '--timeout', '2');
    expect(await command.ended).toBe(1);
    expect(command.said()).toMatch(/Left pending/);
    await toUnleash.heal();
    await toDatabase.heal();
    expect(await rampart('sync')).toMatchObject({ code: 0 });
    expect([(await kills()).length, await isOn(FEATURE)]).toEqual([1, false]);
  });

  it('an order that was given with a wrong database address is listed, and recorded once sync adopts it', async () => {
    const mistaken = { ...environment(), RAMPART_DATABASE_URL: 'postgres://127.0.0.1:9/rampart' };
    const given = await runRampart(['kill', '--feature', FEATURE, '--reason', 'INC-21', '--timeout', '1'], mistaken);
    expect([given.code === 0, await isOn(FEATURE), (await kills()).length]).toEqual([false, false, 0]);
    const listed = await rampart('kills');
    expect(listed.out).toContain('127.0.0.1:9/rampart');
    const [id] = /kill-[0-9a-f]+/.exec(listed.out) ?? [];
    expect(await rampart('sync')).toMatchObject({ code: 1, out: expect.stringContaining(id ?? 'no id') });
    expect((await kills()).length).toBe(0);
    expect(await rampart('sync', '--adopt', id ?? '')).toMatchObject({ code: 0 });
    expect((await kills()).map((kill) => kill.id)).toEqual([id]);
    expect(await rampart('sync')).toMatchObject({ code: 0, out: expect.stringContaining('0 orders under way') });
  });

  it('a dead Redis holds nothing up', async () => {
    const given = { ...environment(), REDIS_URL: 'redis://127.0.0.1:9' };
    expect(await runRampart(['kill', '--feature', FEATURE, '--reason', 'INC-18'], given)).toMatchObject({ code: 0 });
  });

  it('a revival never lets Unleash add a rule that opens the flag to everyone', async () => {
    await rampart('kill', '--change', PLAIN, '--reason', 'INC-19');
    const here = { flag: PLAIN, environment: 'development' };
    const [rule] = await client.rules.list(here);
    await client.rules.update({ ...here, id: rule?.id ?? '' }, { disabled: true });
    const [kill] = await kills();
    const revived = await rampart('revive', kill?.id ?? '', '--reason', 'fixed', '--fix', 'PR-3');
    expect(revived).toMatchObject({ code: 0, out: expect.stringContaining('none of its rules is active') });
    expect([await isOn(PLAIN), (await client.rules.list(here)).length]).toEqual([false, 1]);
    await client.rules.update({ ...here, id: rule?.id ?? '' }, { disabled: false });
  });

  it('sync --watch finishes what this machine began, and reads flag edits, until it is stopped', async () => {
    toUnleash.halfOpen();
    await rampart('kill', '--feature', FEATURE, '--reason', 'INC-20', '--timeout', '1');
    await toUnleash.heal();
    const watching = child('sync', '--watch', '--interval', '0.2s');
    await expect.poll(() => isOn(FEATURE), { timeout: 20_000 }).toBe(false);
    await expect.poll(() => watching.said(), { timeout: 30_000 }).toMatch(/Unleash {6}HOLDS/);
    await expect.poll(() => watching.said(), { timeout: 30_000 }).toMatch(/new flag edit/);
    watching.child.kill('SIGINT');
    expect(await watching.ended).toBe(0);
  });

  it('without Unleash the log holds, and what is missing is said', async () => {
    const { UNLEASH_URL: _, UNLEASH_ADMIN_TOKEN: __, ...without } = environment();
    const elsewhere = { UNLEASH_URL: server.url, UNLEASH_CLIENT_TOKEN: server.clientToken.development };
    for (const more of [{}, elsewhere]) {
      const shell = { ...without, ...more };
      const killed = await runRampart(['kill', '--change', CHANGE, '--reason', 'INC-12'], shell);
      expect(killed).toMatchObject({ code: 1 });
      expect(killed.out).toMatch(/control log {2}HOLDS[\s\S]*DOES NOT HOLD YET[\s\S]*not given Unleash's admin API/);
      expect(await runRampart(['sync'], shell)).toMatchObject({ code: 2, err: expect.stringMatching(/set UNLEASH_/) });
      const narrow = await runRampart(['kill', '--tenant', 'globex', '--reason', 'INC-12'], shell);
      expect(narrow).toMatchObject({ code: 0 });
    }
    expect(await rampart('sync')).toMatchObject({ code: 0 });
    expect(await isOn(CHANGE)).toBe(false);
  });

  it('of everything switches every feature off, and the plain flags not', async () => {
    const killed = await rampart('kill', '--all', '--reason', 'INC-13');
    expect(killed).toMatchObject({ code: 0 });
    expect([await isOn(FEATURE), await isOn(PLAIN)]).toEqual([false, true]);
  });

  it('explain says what is recorded, and what it rests on', async () => {
    const args = ['explain', FEATURE, '--tenant', 'acme', '--tier', 'pro', '--cohorts', 'internal', '--labels', ''];
    const open = await rampart(...args);
    expect(open).toMatchObject({ code: 0, err: '' });
    expect(open.out).toMatch(
      /Decision: enabled[\s\S]*those of the database, at \w+\.\d+[\s\S]*support_copilot: opt_in, by test at/,
    );
    expect((await rampart(...args, '--consent', 'support_copilot=opt_out')).out).toMatch(/gate consent/);
    await rampart('kill', '--tenant', 'acme', '--reason', 'INC-16');
    expect((await rampart(...args)).out).toMatch(/Decision: unavailable, gate kill/);
    const gone = await runRampart(args, { ...environment(), RAMPART_DATABASE_URL: 'postgres://u:p@127.0.0.1:9/d' });
    expect(gone).toMatchObject({ code: 2, out: '' });
  });

  it('revives only with a reason, a fix, and a kill that lives', async () => {
    await rampart('kill', '--feature', FEATURE, '--reason', 'INC-14');
    const [kill] = await kills();
    const id = kill?.id ?? '';
    expect(await rampart('revive', id)).toMatchObject({ code: 2, err: expect.stringContaining('--reason is missing') });
    const unfixed = await rampart('revive', id, '--reason', 'it is late');
    expect(unfixed).toMatchObject({ code: 2, err: expect.stringContaining('--fix is missing') });
    const other = await rampart('revive', 'kill-0', '--reason', 'r', '--fix', 'f');
    expect(other).toMatchObject({ code: 1, err: expect.stringContaining(`Live: ${id}`) });
    expect([(await kills()).length, await isOn(FEATURE)]).toEqual([1, false]);
  });

  it('says of a misspelt feature that it stops nothing, with 1', async () => {
    const killed = await rampart('kill', '--feature', 'ai.suport-copilot', '--reason', 'INC-15');
    expect(killed).toMatchObject({
      code: 1,
      out: expect.stringContaining('If the name is misspelt, this kill stops nothing'),
    });
  });
});

async function setUp(client: AdminClient): Promise<void> {
  await applyInstall(client, await planInstall({ client }));
  const environments = ['development'];
  await newFeature({ client, name: FEATURE, access: { featureClass: 'support_copilot' }, environments, enable: true });
  const variants = [{ name: 'v18', weight: 100, binding: { model: 'm-1' } }];
  const stage = { stage: 'internal' };
  await newChange({ client, feature: FEATURE, change: 'prompt-v18', stage, variants, environments, enable: true });
  const change = await client.flags.get({ flag: CHANGE });
  const [rule] = change.environments.find(({ name }) => name === 'development')?.strategies ?? [];
  const parameters = { ...rule?.parameters, rollout: '100' };
  await client.rules.update({ flag: CHANGE, environment: 'development', id: rule?.id ?? '' }, { parameters });
  await client.flags.create({ flag: PLAIN, type: 'release' });
  await client.rules.add({ flag: PLAIN, environment: 'development' }, { name: 'default', parameters: {} });
  await client.flags.switchOn({ flag: PLAIN, environment: 'development' });
}

function addressOf(url: string): { host: string; port: number } {
  return { host: '127.0.0.1', port: Number(new URL(url).port) };
}

function withPort(url: string, port: number): string {
  const changed = new URL(url);
  changed.port = String(port);
  return changed.href;
}
