import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Journal } from './journal.js';
import type { Order } from './order.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rampart-journal-'));
});
afterEach(() => rm(folder, { recursive: true }));

const place = (environment: string) => ({ flag: 'ai.x', project: 'default', environment });
const order = (more: Partial<Order> = {}): Order => ({
  ...{ action: 'kill', id: 'k', entry: 'k', scope: { feature: 'ai.x' }, actor: 'dana', reason: 'r', at: 1 },
  ...{ places: [], notes: [], recorded: false },
  ...more,
});

it('keeps what another process noted of the same order', async () => {
  await new Journal(folder).write(order({ places: [place('production')] }));
  const whole = await new Journal(folder).write(order({ places: [place('development')], recorded: true }));
  expect(whole.places).toEqual([place('production'), place('development')]);
  expect((await new Journal(folder).list()).orders).toEqual([whole]);
});

it('writes one after the other, so that the last one stands', async () => {
  const journal = new Journal(folder);
  const writes = ['a', 'b', 'c', 'd'].map((name) =>
    journal.write(order({ places: [place(name)], recorded: name === 'd' })),
  );
  await Promise.all(writes);
  const [found] = (await journal.list()).orders;
  expect(found).toMatchObject({ recorded: true, places: ['a', 'b', 'c', 'd'].map(place) });
});

it('lists oldest first, and forgets once and for all', async () => {
  const journal = new Journal(folder);
  await journal.write(order({ entry: 'later', at: 2 }));
  await journal.write(order({ entry: 'earlier', at: 1 }));
  expect((await journal.list()).orders.map(({ entry }) => entry)).toEqual(['earlier', 'later']);
  await journal.remove({ entry: 'later' });
  await journal.remove({ entry: 'later' });
  expect(await journal.find({ entry: 'later' })).toBeUndefined();
});

it('is empty where there is no folder yet', async () => {
  expect(await new Journal(join(folder, 'none')).list()).toEqual({ orders: [], unreadable: [] });
});
