import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareEmbedded } from '@rampart/services';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UnleashInMemory } from '../../test/unleash-in-memory.js';
import { createControl } from '../create-control.js';
import type { DurableControl } from '../durable-control.js';
import { createKillSwitch, type KillSwitchOptions } from './kill-switch.js';
import { isKillSwitchError } from './kill-switch-error.js';
import type { OrderReport } from './report.js';

const FEATURE = 'ai.support-copilot';
const order = { scope: { feature: FEATURE }, reason: 'it invents prices', actor: 'dana' };
const fixed = { reason: 'prices come from the catalogue', fix: 'PR-12', actor: 'dana' };

let folder = '';
let journal = '';
let database: DurableControl;
let sqlDown: Error | undefined;
let unleash: UnleashInMemory;

/** The real store, which can be unreachable. */
const control = (): KillSwitchOptions['control'] => ({
  ready: () => database.ready(),
  apply: (change, write) => (sqlDown === undefined ? database.apply(change, write) : Promise.reject(sqlDown)),
  get store() {
    if (sqlDown === undefined) return database.store;
    const refuse = () => Promise.reject(sqlDown);
    return {
      ...database.store,
      items: refuse,
      outbox: { pending: refuse, all: refuse, complete: refuse, recordFailure: refuse, find: refuse },
    };
  },
});
const killSwitch = (more: Partial<KillSwitchOptions> = {}) =>
  createKillSwitch({ control: control(), admin: unleash.client, journal, ...more });

const liveIds = async () => (await database.store.items({ kind: 'kill' })).map(({ change }) => idOf(change));
const idOf = (change: object): string => (change as { kill: { id: string } }).kill.id;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rampart-operator-'));
  await prepareEmbedded(join(folder, 'db'));
  database = createControl({ database: { folder: join(folder, 'db') }, secret: 's'.repeat(32) });
  await database.ready();
});
afterAll(async () => {
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  journal = await mkdtemp(join(folder, 'journal-'));
  sqlDown = undefined;
  for (const { change, revision } of await database.store.items({ kind: 'kill' })) {
    await database.apply(
      { kind: 'revive', id: idOf(change) },
      { actor: 'test', reason: 'next test', expected: revision },
    );
  }
  for (const { id } of await database.store.outbox.pending()) await database.store.outbox.complete(id);
  unleash = new UnleashInMemory().add(FEATURE, { development: 'off', production: 'on' });
});

/** The first report that shows it. */
function until(shown: (report: OrderReport) => boolean) {
  let resolve: ((report: OrderReport) => void) | undefined;
  const promise = new Promise<OrderReport>((found) => {
    resolve = found;
  });
  return { promise, onProgress: (report: OrderReport): void => void (shown(report) && resolve?.(report)) };
}

describe('kill', () => {
  it('of a feature holds in the log and in Unleash, and leaves nothing to be done', async () => {
    const report = await killSwitch().kill(order);
    expect(report).toMatchObject({ control: { state: 'held' }, unleash: { state: 'held' }, settled: true });
    expect(report.unleash.switched).toEqual([
      { flag: FEATURE, project: 'default', environment: 'production', event: 1 },
    ]);
    expect(await liveIds()).toContain(report.id);
    expect(unleash.isOn(FEATURE, 'production')).toBe(false);
    expect(await readdir(journal)).toEqual([]);
    expect(await database.store.outbox.pending()).toEqual([]);
    const { entries } = await database.store.entries({ kinds: ['kill'], flag: FEATURE });
    expect(entries.at(-1)).toMatchObject({ actor: 'dana', reason: 'it invents prices' });
  });

  it.each([
    [{ feature: FEATURE, tenant: 'acme' }],
    [{ tier: 'free' }],
    [{ feature: FEATURE, change: `${FEATURE}.v1` }],
  ])('of %j leaves Unleash alone', async (scope) => {
    const report = await killSwitch().kill({ ...order, scope });
    expect(report).toMatchObject({ control: { state: 'held' }, unleash: { state: 'not_needed' }, settled: true });
    expect(unleash.calls).toEqual([]);
  });

  it('stays in the environments that are named', async () => {
    const report = await killSwitch({ environments: ['development', 'moon'] }).kill(order);
    expect(unleash.isOn(FEATURE, 'production')).toBe(true);
    expect(report.unleash.notes).toEqual([
      expect.stringContaining('no environment "moon" (it has development, production)'),
    ]);
  });

  it('finds the flag in another project, and says of one that is nowhere that it stops nothing', async () => {
    unleash.add('elsewhere', { production: 'on' }, 'other');
    await killSwitch().kill({ ...order, scope: { change: 'elsewhere' } });
    expect(unleash.isOn('elsewhere', 'production')).toBe(false);
    const report = await killSwitch().kill({ ...order, scope: { feature: 'ai.suport' } });
    expect(report.unleash).toMatchObject({ state: 'held', notes: [expect.stringContaining('stops nothing')] });
  });

  it('switches Unleash off at once while SQL is down, and is recorded once SQL is back', async () => {
    sqlDown = new Error('the database is gone');
    const off = until(({ unleash: half }) => half.state === 'held');
    const killed = killSwitch().kill(order, { onProgress: off.onProgress });
    expect((await off.promise).control).toMatchObject({ state: 'pending', attempts: expect.any(Number) });
    expect(unleash.isOn(FEATURE, 'production')).toBe(false);
    sqlDown = undefined;
    expect(await killed).toMatchObject({ control: { state: 'held' }, settled: true });
    expect(await liveIds()).toContain((await killed).id);
  });

  it('is recorded at once while Unleash is down, and another machine sees what is missing', async () => {
    unleash.down = new Error('nobody answers');
    const failing = until(({ control: half, unleash: other }) => half.state === 'held' && other.attempts > 1);
    const killed = killSwitch().kill(order, { onProgress: failing.onProgress });
    expect((await failing.promise).unleash.error).toBe('nobody answers');
    await expect
      .poll(() => killSwitch({ journal: undefined }).pending())
      .toMatchObject({ orders: [{ action: 'kill', noted: 'database', recorded: true, error: 'nobody answers' }] });
    unleash.down = undefined;
    expect(await killed).toMatchObject({ unleash: { state: 'held' }, settled: true });
  });

  it('looks whether the flag is off, and switches it off again where somebody was faster', async () => {
    let once = true;
    unleash.afterSwitch = (flag, environment, enabled) => {
      if (!enabled && once) unleash.toggle(flag, environment, true);
      once = false;
    };
    const again = until(({ unleash: half }) => half.attempts > 0);
    const killed = killSwitch().kill(order, { onProgress: again.onProgress });
    expect((await again.promise).unleash.error).toBe(`"${FEATURE}" is on again in production`);
    expect(await killed).toMatchObject({ unleash: { state: 'held' }, settled: true });
    expect(unleash.isOn(FEATURE, 'production')).toBe(false);
  });

  it('refuses what can not be recorded before anything is done', async () => {
    await expect(killSwitch().kill({ ...order, scope: {} })).rejects.toThrow(/kill.scope = {}: name a feature/);
    await expect(killSwitch().kill({ ...order, reason: ' ' })).rejects.toThrow(/needs a reason/);
    await expect(killSwitch().kill({ ...order, actor: '' })).rejects.toThrow(/actor = "": write at least/);
    expect(unleash.calls).toEqual([]);
    expect(await readdir(journal)).toEqual([]);
  });

  it('goes on without a journal that can not be written, and says so', async () => {
    const path = join(folder, 'a-file');
    await writeFile(path, '');
    const report = await killSwitch({ journal: path }).kill(order);
    expect(report).toMatchObject({ control: { state: 'held' }, unleash: { state: 'held' } });
    expect(report.journalError).toMatch(/EEXIST|ENOTDIR/);
  });
});

describe('resume', () => {
  const enough = () => AbortSignal.timeout(300);

  it('finishes from the journal what SQL never heard of, once', async () => {
    sqlDown = new Error('the database is gone');
    const cut = await killSwitch().kill(order, { signal: enough() });
    expect(cut).toMatchObject({ control: { state: 'pending' }, unleash: { state: 'held' }, settled: false });
    const [file = ''] = await readdir(journal);
    expect((await stat(join(journal, file))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(journal, file), 'utf8')).not.toContain('s'.repeat(32));
    sqlDown = undefined;
    expect(await liveIds()).not.toContain(cut.id);
    const { reports } = await killSwitch().resume();
    expect(reports).toMatchObject([{ id: cut.id, control: { state: 'held' }, settled: true }]);
    // It was on before this order, although the second attempt found it off.
    expect(reports[0]?.unleash.switched).toHaveLength(1);
    expect(await killSwitch().resume()).toEqual({ reports: [], unreadable: [], error: undefined });
    const { entries } = await database.store.entries({ kinds: ['kill'], flag: FEATURE, limit: 1000 });
    expect(entries.filter(({ id }) => id === cut.id)).toHaveLength(1);
  });

  it('finishes from the database what another machine left', async () => {
    unleash.down = new Error('nobody answers');
    const cut = await killSwitch().kill(order, { signal: enough() });
    expect(cut).toMatchObject({ control: { state: 'held' }, unleash: { state: 'pending' }, settled: false });
    unleash.down = undefined;
    const elsewhere = killSwitch({ journal: undefined });
    expect((await elsewhere.resume({ leaveRecent: 60_000 })).reports).toEqual([]);
    expect((await elsewhere.resume()).reports).toMatchObject([
      { id: cut.id, unleash: { state: 'held' }, settled: true },
    ]);
    expect(unleash.isOn(FEATURE, 'production')).toBe(false);
    await killSwitch().resume();
    await killSwitch().revive({ ...fixed, id: cut.id });
    expect(unleash.isOn(FEATURE, 'production')).toBe(true);
  });

  it('switches nothing off for a kill that was revived meanwhile', async () => {
    unleash.down = new Error('nobody answers');
    const cut = await killSwitch().kill(order, { signal: enough() });
    const elsewhere = killSwitch({ journal: undefined });
    await elsewhere.revive({ ...fixed, id: cut.id });
    expect((await elsewhere.pending()).orders).toEqual([]);
    unleash.down = undefined;
    const { reports } = await killSwitch().resume();
    expect(reports).toMatchObject([{ unleash: { state: 'not_needed', notes: ['The kill was revived meanwhile.'] } }]);
    expect(unleash.isOn(FEATURE, 'production')).toBe(true);
  });

  it('names a file of the journal that it can not read, and does the others', async () => {
    await writeFile(join(journal, 'broken.json'), '{');
    const { reports, unreadable } = await killSwitch().resume();
    expect({ reports, unreadable }).toMatchObject({
      reports: [],
      unreadable: [{ file: join(journal, 'broken.json') }],
    });
  });

  it('says that other machines could not be asked about', async () => {
    sqlDown = new Error('the database is gone');
    expect(await killSwitch().resume()).toMatchObject({ reports: [], error: 'the database is gone' });
  });
});

describe('revive', () => {
  const killed = () => killSwitch().kill(order);

  it('ends the kill, switches on what it had switched off, and records reason and fix', async () => {
    const { id } = await killed();
    const report = await killSwitch().revive({ ...fixed, id });
    expect(report).toMatchObject({ control: { state: 'held' }, unleash: { state: 'held' }, settled: true });
    expect(unleash.calls).toEqual([`off ${FEATURE} production`, `on ${FEATURE} production`]);
    expect(await liveIds()).not.toContain(id);
    const { entries } = await database.store.entries({ kinds: ['revive'], limit: 1000 });
    expect(entries.at(-1)).toMatchObject({ reason: 'prices come from the catalogue (fix: PR-12)', actor: 'dana' });
  });

  it('refuses without a reason, a fix, or a kill, and does nothing', async () => {
    const { id } = await killed();
    for (const wrong of [{ reason: ' ' }, { fix: '' }, { id: 'kill-0' }]) {
      const refused = killSwitch().revive({ ...fixed, id, ...wrong });
      await expect(refused).rejects.toSatisfy(isKillSwitchError);
    }
    await expect(killSwitch().revive({ ...fixed, id: 'kill-0' })).rejects.toThrow(id);
    expect(await liveIds()).toContain(id);
    expect(unleash.isOn(FEATURE, 'production')).toBe(false);
  });

  it('leaves off what was off before, what it is told to, and what another kill covers', async () => {
    const first = await killed();
    const second = await killed();
    const one = await killSwitch().revive({ ...fixed, id: second.id });
    expect(one.unleash).toMatchObject({ state: 'not_needed', notes: [expect.stringContaining('found the flag off')] });
    const third = await killed();
    const two = await killSwitch().revive({ ...fixed, id: first.id });
    expect(two.unleash.notes).toEqual([expect.stringContaining(`${third.id} still covers it`)]);
    expect(unleash.calls).toEqual([`off ${FEATURE} production`]);
    await killSwitch().revive({ ...fixed, id: third.id });
    expect(unleash.isOn(FEATURE, 'production')).toBe(true);
    const last = await killed();
    const left = await killSwitch().revive({ ...fixed, id: last.id, leaveOff: true });
    expect(left.unleash).toMatchObject({ state: 'not_needed', notes: [expect.stringContaining('Left off')] });
    expect(unleash.isOn(FEATURE, 'production')).toBe(false);
  });

  it('never switches on an environment without an active rule', async () => {
    const { id } = await killed();
    unleash.add(FEATURE, { production: 'no rules' });
    const { unleash: half } = await killSwitch().revive({ ...fixed, id });
    expect(half.notes).toEqual([expect.stringContaining('none of its rules is active')]);
    expect(unleash.isOn(FEATURE, 'production')).toBe(false);
  });

  it('switches off again what another kill came to cover while it was switched on', async () => {
    const { id } = await killed();
    unleash.afterSwitch = async (_flag, _environment, enabled) => {
      const kill = { id: 'other', scope: { feature: FEATURE }, reason: 'again' };
      if (enabled) await database.apply({ kind: 'kill', kill }, { actor: 'kim', reason: 'again', expected: 'any' });
    };
    const { unleash: half } = await killSwitch().revive({ ...fixed, id });
    expect(half).toMatchObject({ switched: [], notes: [expect.stringContaining('other still covers it')] });
    expect(unleash.isOn(FEATURE, 'production')).toBe(false);
  });

  it('knows from the journal what a kill switched off that could not be noted in the database', async () => {
    const real = control();
    const { store } = database;
    const outbox = { ...store.outbox, complete: () => Promise.reject(new Error('gone')) };
    const broken: KillSwitchOptions['control'] = { ...real, store: { ...store, outbox } };
    const cut = await killSwitch({ control: broken }).kill(order, { signal: AbortSignal.timeout(300) });
    expect(cut).toMatchObject({ unleash: { state: 'held' }, settled: false, settleError: 'gone' });
    await killSwitch().revive({ ...fixed, id: cut.id });
    expect(unleash.isOn(FEATURE, 'production')).toBe(true);
    expect(await killSwitch().pending()).toMatchObject({ orders: [] });
  });

  it('fails, and leaves the flag off, where the kill was changed since it was read', async () => {
    const { id } = await killed();
    const real = control();
    const slow: KillSwitchOptions['control'] = {
      ...real,
      apply: async (change, write) => {
        const wider = { id, scope: { all: true }, reason: 'it is worse' };
        await real.apply({ kind: 'kill', kill: wider }, { actor: 'kim', reason: 'worse', expected: 'any' });
        return real.apply(change, write);
      },
    };
    const report = await killSwitch({ control: slow }).revive({ ...fixed, id });
    expect(report).toMatchObject({ control: { state: 'failed', error: expect.stringContaining('by kim') } });
    expect(await liveIds()).toContain(id);
    expect(unleash.isOn(FEATURE, 'production')).toBe(false);
  });

  it('ends a kill of another program, and once more where it came back under its id', async () => {
    const kill = { id: 'guardrail', scope: { feature: FEATURE }, reason: 'too slow' };
    for (const round of [1, 2]) {
      await database.apply({ kind: 'kill', kill }, { actor: 'controller', reason: 'too slow', expected: 'any' });
      const { unleash: half } = await killSwitch().revive({ ...fixed, id: 'guardrail' });
      expect([round, await liveIds(), half.notes]).toEqual([
        round,
        [],
        [expect.stringContaining('not made by this command')],
      ]);
    }
  });

  it('keeps the flag off until the log has it', async () => {
    const { id } = await killed();
    const real = control();
    const refused: KillSwitchOptions['control'] = { ...real, apply: () => Promise.reject(new Error('gone')) };
    const cut = await killSwitch({ control: refused }).revive({ ...fixed, id }, { signal: AbortSignal.timeout(300) });
    expect(cut).toMatchObject({ control: { state: 'pending', error: 'gone' }, unleash: { state: 'pending' } });
    expect(unleash.isOn(FEATURE, 'production')).toBe(false);
    expect((await killSwitch().resume()).reports).toMatchObject([{ action: 'revive', settled: true }]);
    expect(unleash.isOn(FEATURE, 'production')).toBe(true);
  });
});
