import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKillSwitch, type KillSwitchOptions } from './kill-switch.js';

type Control = KillSwitchOptions['control'];
const order = { scope: { tenant: 'acme' }, reason: 'INC-7', actor: 'dana' };

let state = '';
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'rampart-adopt-'));
});
afterEach(() => rm(state, { recursive: true, force: true }));

/** A control log by its epoch; undefined is a database that can't be reached. */
function logOf(epoch: string | undefined) {
  const recorded: string[] = [];
  const reach = async <T>(value: T): Promise<T> => {
    if (epoch === undefined) throw new Error('nobody answers');
    return value;
  };
  const store = {
    readLog: () => reach({ epoch, head: 0, entries: [], now: 0 }),
    items: () => reach([]),
    outbox: {
      pending: () => reach([]),
      all: () => reach([]),
      find: () => reach(undefined),
      complete: () => reach(undefined),
    },
  };
  const apply = (_change: unknown, { id = '' }: { readonly id?: string }) => {
    recorded.push(id);
    return reach({ epoch, position: 1, revision: `${epoch}.1`, id });
  };
  return { recorded, control: { ready: () => reach(undefined), apply, store } as unknown as Control };
}
const at = (address: string, control: Control) =>
  createKillSwitch({
    control,
    journal: { folder: join(state, address), database: `postgres://${address}/d`, all: state },
  });
const cutShort = () => ({ signal: AbortSignal.timeout(50) });
const files = async () => (await readdir(state, { recursive: true })).filter((name) => name.endsWith('.json'));

describe('an order that could not be recorded', () => {
  it('is listed under another address where its log was never known, left alone, and carried out once it is adopted', async () => {
    const { id } = await at('typo', logOf(undefined).control).kill(order, cutShort());
    const right = logOf('e1');
    const { orders, others } = await at('right', right.control).pending();
    expect({ orders, others }).toMatchObject({
      orders: [],
      others: [{ action: 'kill', id, database: 'postgres://typo/d', log: undefined, recorded: false }],
    });
    expect(await at('right', right.control).resume()).toMatchObject({ reports: [], others: [{ id }] });
    expect(right.recorded).toEqual([]);
    await expect(at('right', right.control).adopt('kill-0')).rejects.toThrow(id);
    expect(await at('right', right.control).adopt(id)).toEqual([id]);
    expect((await at('right', right.control).resume()).reports).toMatchObject([{ id, settled: true }]);
    expect([right.recorded, await files()]).toEqual([[id], []]);
  });

  it('is carried out under the new address of the same log', async () => {
    await at('old', logOf('e1').control).pending();
    const { id } = await at('old', logOf(undefined).control).kill(order, cutShort());
    const moved = logOf('e1');
    expect(await at('new', moved.control).pending()).toMatchObject({ orders: [{ id }], others: undefined });
    await at('new', moved.control).resume();
    expect([moved.recorded, await files()]).toEqual([[id], []]);
  });

  it('is not carried out on another log at the same address', async () => {
    await at('db', logOf('e1').control).pending();
    const { id } = await at('db', logOf(undefined).control).kill(order, cutShort());
    const other = logOf('e2');
    expect(await at('db', other.control).resume()).toMatchObject({ reports: [], others: [{ id, log: 'e1' }] });
    expect(other.recorded).toEqual([]);
    expect(await at('db', other.control).adopt('all')).toEqual([id]);
    await at('db', other.control).resume();
    expect([other.recorded, await files()]).toEqual([[id], []]);
  });
});
