import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareEmbedded } from '@rampart/services';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { UnleashInMemory } from '../../test/unleash-in-memory.js';
import { createControl } from '../create-control.js';
import type { DurableControl } from '../durable-control.js';
import { createKillSwitch, type KillSwitchOptions } from './kill-switch.js';
import type { OrderReport } from './report.js';

const FEATURE = 'ai.support-copilot';
const fixed = { reason: 'prices come from the catalogue', fix: 'PR-12', actor: 'dana' };

let folder = '';
let control: DurableControl;
let unleash: UnleashInMemory;
let tests = 0;
/** Each test kills a feature of its own, so that the ledger of one isn't that of another. */
let feature = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rampart-flags-off-'));
  await prepareEmbedded(join(folder, 'db'));
  control = createControl({ database: { folder: join(folder, 'db') }, secret: 's'.repeat(32) });
  await control.ready();
});
afterAll(async () => {
  await control?.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  tests += 1;
  feature = `${FEATURE}-${tests}`;
  unleash = new UnleashInMemory().add(feature, { development: 'on', production: 'on', staging: 'off' });
});

const killSwitch = (more: Partial<KillSwitchOptions> = {}) =>
  createKillSwitch({ control, admin: unleash.client, ...more });
const kill = async (more: Partial<KillSwitchOptions> = {}): Promise<string> =>
  (await killSwitch(more).kill({ scope: { feature }, reason: 'it invents prices', actor: 'dana' })).id;
const killAll = async (): Promise<string> =>
  (await killSwitch({ admin: undefined }).kill({ scope: { all: true }, reason: 'INC-8', actor: 'dana' })).id;
const revive = (id: string, more: { readonly leaveOff?: boolean } = {}): Promise<OrderReport> =>
  killSwitch().revive({ ...fixed, id, ...more });
const on = () => ['development', 'production', 'staging'].filter((name) => unleash.isOn(feature, name));
const off = async () => {
  const { flags } = await killSwitch().flagsOff();
  return flags.flatMap(({ flag, environment, reason }) => (flag === feature ? [`${environment}: ${reason}`] : []));
};

describe('the last revival', () => {
  it.each([
    ['the first kill first', [0, 1, 2]],
    ['the last kill first', [2, 1, 0]],
    ['the kill in the middle last', [2, 0, 1]],
  ])('restores what was on before the first of overlapping kills: %s', async (_name, order) => {
    const kills = [await kill({ environments: ['production'] }), await kill(), await kill()];
    for (const index of order.slice(0, 2)) {
      await revive(kills[index] ?? '');
      expect(on()).toEqual([]);
    }
    const last = await revive(kills[order[2] ?? 0] ?? '');
    expect([on(), last.unleash.switched.length]).toEqual([['development', 'production'], 2]);
    expect(await off()).toEqual([]);
  });

  it('of everything restores a feature that was revived under it, and the other way round', async () => {
    for (const featureFirst of [true, false]) {
      const kills = [await kill(), await killAll()];
      const [first = '', last = ''] = featureFirst ? kills : kills.toReversed();
      expect((await revive(first)).unleash.switched).toEqual([]);
      expect([on(), await off()]).toEqual([[], featureFirst ? ['development: waiting', 'production: waiting'] : []]);
      await revive(last);
      expect([on(), await off()]).toEqual([['development', 'production'], []]);
      for (const { id } of await control.store.outbox.pending()) await control.store.outbox.complete(id);
    }
  });

  it('restores both where two revivals run at once', async () => {
    const [first, second] = [await kill(), await kill()];
    await Promise.all([revive(first), revive(second)]);
    expect([on(), await off()]).toEqual([['development', 'production'], []]);
  });

  it('restores what was switched off while the database was down', async () => {
    const journals = await mkdtemp(join(folder, 'journals-'));
    const gone = () => Promise.reject(new Error('the database is gone'));
    const broken: KillSwitchOptions['control'] = { ready: gone, apply: gone, store: control.store };
    const signal = AbortSignal.timeout(300);
    const order = { scope: { feature }, reason: 'INC', actor: 'dana' };
    for (const journal of ['a', 'b'])
      await killSwitch({ control: broken, journal: join(journals, journal) }).kill(order, { signal });
    for (const journal of ['b', 'a']) await killSwitch({ journal: join(journals, journal) }).resume();
    const kills = (await killSwitch().kills()).filter(({ scope }) => scope.feature === feature);
    for (const { id } of kills) await revive(id);
    expect([kills.length, on()]).toEqual([2, ['development', 'production']]);
  });

  it('leaves what it was told to leave, for later revivals too, and the list says so', async () => {
    const [first, second] = [await kill(), await kill()];
    await revive(first, { leaveOff: true });
    expect(await off()).toEqual(['development: left_off', 'production: left_off']);
    await revive(second);
    expect([on(), await off()]).toEqual([[], ['development: left_off', 'production: left_off']]);
    const { flags } = await killSwitch().flagsOff();
    expect(flags.find(({ flag }) => flag === feature)?.why).toBe(`left off by --leave-off when ${first} was revived`);
    unleash.toggle(feature, 'production', true);
    expect(await off()).toEqual(['development: left_off']);
  });

  it('leaves off what an operator switched off since, and names the operator', async () => {
    const [first, second] = [await kill(), await kill()];
    unleash.toggle(feature, 'production', true);
    unleash.toggle(feature, 'production', false, 'lee');
    await revive(first);
    const { unleash: half } = await revive(second);
    expect(half.notes).toEqual([expect.stringMatching(/not switched on in production: lee switched it/)]);
    expect([on(), await off()]).toEqual([['development'], ['production: operator']]);
  });

  it('restores what an operator switched on and a later kill switched off again', async () => {
    const first = await kill();
    unleash.toggle(feature, 'production', true);
    const second = await kill();
    for (const id of [second, first]) await revive(id);
    expect(on()).toEqual(['development', 'production']);
  });

  it('is listed as pending while Unleash is down, and with its error', async () => {
    const id = await kill();
    unleash.down = new Error('nobody answers');
    await killSwitch().revive({ ...fixed, id }, { signal: AbortSignal.timeout(400) });
    const { flags, error } = await killSwitch().flagsOff();
    expect(error).toBe('nobody answers');
    expect(flags.filter(({ flag }) => flag === feature)).toMatchObject([{ reason: 'pending' }, { reason: 'pending' }]);
    unleash.down = undefined;
    await killSwitch().resume();
    expect([on(), await off()]).toEqual([['development', 'production'], []]);
  });
});

it('a machine that crashed switches on again what it had switched off, once the kill was revived elsewhere', async () => {
  const journal = await mkdtemp(join(folder, 'journal-'));
  const complete = () => Promise.reject(new Error('crashed'));
  const { store } = control;
  const crashing: KillSwitchOptions['control'] = {
    ready: () => control.ready(),
    apply: (change, write) => control.apply(change, write),
    store: { ...store, outbox: { ...store.outbox, complete } },
  };
  const order = { scope: { feature }, reason: 'INC', actor: 'dana' };
  const crashed = killSwitch({ control: crashing, journal });
  const { id, settled } = await crashed.kill(order, { signal: AbortSignal.timeout(400) });
  await revive(id);
  expect([settled, on()]).toEqual([false, []]);
  const { reports } = await killSwitch({ journal }).resume();
  expect(reports).toMatchObject([{ id, settled: true }]);
  expect(on()).toEqual(['development', 'production']);
});
