import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareEmbedded } from '@rampart/services';
import type { AdminClient, AdminEvent } from '@rampart/unleash/admin';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createControl } from '../create-control.js';
import type { DurableControl } from '../durable-control.js';
import { createFlagEditReader } from './flag-edits.js';

let folder = '';
let control: DurableControl;
let server = '';
let events: AdminEvent[] = [];
let asked: string[] = [];

/** An event log in which numbers may be missing, and appear late: a real Unleash can't be made to. */
const admin: Pick<AdminClient, 'events'> = {
  events: {
    list: async ({ ids, limit = 1_000 } = {}) => {
      asked.push(ids === undefined ? 'newest' : `${ids[0]}-${ids.at(-1)}`);
      const found = events.filter(({ id }) => ids?.includes(id) ?? true);
      return found.toSorted((a, b) => b.id - a.id).slice(0, limit);
    },
  },
};
const event = (id: number, featureName: string | undefined = 'ai.x'): AdminEvent => ({
  id,
  type: 'feature-updated',
  createdBy: 'dana',
  createdAt: '2026-11-21T03:00:00.000Z',
  featureName,
  preData: null,
  data: { id },
});
const recorded = async (): Promise<readonly unknown[]> => {
  const { entries } = await control.store.entries({ kinds: ['flag_edit'], limit: 1_000 });
  return entries.flatMap(({ edit }) => {
    const { server: from, event: number } = edit as { readonly server: string; readonly event: number };
    return from === server ? [number] : [];
  });
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rampart-edits-'));
  await prepareEmbedded(folder);
  control = createControl({ database: { folder }, secret: 's'.repeat(32) });
  await control.ready();
});
afterAll(async () => {
  await control?.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(({ task }) => {
  server = task.name;
  events = [];
  asked = [];
});

describe('flag edits', () => {
  const reader = () => createFlagEditReader({ store: control.store, admin, server });

  it('are none in an empty log', async () => {
    expect(await reader().readOnce()).toBe(0);
    expect(asked).toEqual(['newest']);
  });

  it('that commit late, under a lower number, are read when they appear', async () => {
    events = [event(1), event(3), event(4)];
    expect(await reader().readOnce()).toBe(3);
    events.push(event(2));
    expect(await reader().readOnce()).toBe(1);
    expect(await recorded()).toEqual([1, 3, 4, 2]);
  });

  it('are read window by window, over gaps, from the last one that is known', async () => {
    events = [event(1), event(700), event(1_600)];
    expect(await reader().readOnce()).toBe(3);
    expect(asked).toEqual(['newest', '1-500', '501-1000', '1001-1500', '1501-1600']);
    asked = [];
    expect(await reader().readOnce()).toBe(0);
    expect(asked).toEqual(['newest', '1101-1600']);
  });

  it('only: events that are about no flag are left out, and not read again and again', async () => {
    events = [
      event(1),
      ...Array.from({ length: 2_000 }, (_, index) => ({ ...event(index + 2), featureName: undefined })),
    ];
    const one = reader();
    expect(await one.readOnce()).toBe(1);
    asked = [];
    await one.readOnce();
    expect(asked).toEqual(['newest', '1502-2001']);
  });
});
