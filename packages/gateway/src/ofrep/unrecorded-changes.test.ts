import { type ControlChanged, InMemoryControl, type Override } from '@rampart/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { UnrecordedChanges } from './unrecorded-changes.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const OVERRIDE: Omit<Override, 'until'> = { id: 'o', flag: 'ai.copilot', force: 'on', reason: 'a demo' };

function newUnrecorded(...heard: string[]) {
  const control = new InMemoryControl({ now: Date.now });
  const said: ControlChanged['tenants'][] = [];
  const tenants = new Set(heard);
  const tell = (change: ControlChanged): void => {
    said.push(change.tenants);
    unrecorded.told(change);
  };
  const unrecorded: UnrecordedChanges = new UnrecordedChanges({
    rampart: { control, flags: { snapshot: () => ({}) as never } },
    digests: { flags: () => undefined } as never,
    streams: { hasTenant: (tenant) => tenants.has(tenant), tenants: () => tenants },
    tell,
  });
  const grant = (tenant: string, milliseconds: number): void => {
    control.apply({ kind: 'override', tenant, override: { ...OVERRIDE, until: Date.now() + milliseconds } });
  };
  return { control, said, tenants, unrecorded, tell, grant };
}

describe('the end of an override', () => {
  test('is told once, to its tenant', async () => {
    const { unrecorded, said, grant } = newUnrecorded('acme', 'globex');
    grant('acme', 2_500);
    for (const tenant of ['acme', 'globex']) unrecorded.watch(tenant);
    await vi.advanceTimersByTimeAsync(2_400);
    expect(said).toEqual([]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(said).toEqual([['acme']]);
    unrecorded.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is told where somebody else connects before it is looked at', async () => {
    const { unrecorded, said, grant } = newUnrecorded('acme');
    grant('acme', 2_500);
    unrecorded.watch('acme');
    await vi.advanceTimersByTimeAsync(2_600);
    unrecorded.watch('acme');
    expect(said).toEqual([['acme']]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(said).toEqual([['acme']]);
  });

  test('is told where it comes before the first look', async () => {
    const { unrecorded, said, grant } = newUnrecorded('acme');
    grant('acme', 100);
    unrecorded.watch('acme');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(said).toEqual([['acme']]);
  });

  test('is told where everybody was told of something else meanwhile', async () => {
    const { unrecorded, said, tell, grant } = newUnrecorded('acme');
    grant('acme', 2_500);
    unrecorded.watch('acme');
    tell({ tenants: 'all' });
    await vi.advanceTimersByTimeAsync(2_600);
    tell({ tenants: ['globex'] });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(said).toEqual(['all', ['globex'], ['acme']]);
  });

  test('is told where nothing could be read meanwhile', async () => {
    const { control, unrecorded, said, grant } = newUnrecorded('acme');
    grant('acme', 1_500);
    unrecorded.watch('acme');
    const { read } = control;
    // One tenant alone is not at hand, and is fetched.
    Object.assign(control, {
      read: (tenant?: string) => (tenant === 'acme' ? undefined : read.call(control, tenant)),
      load: async () => void Object.assign(control, { read }),
    });
    unrecorded.watch('acme');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(said).toEqual([['acme']]);
  });

  test('that is taken back by a record is not told a second time', async () => {
    const { control, unrecorded, said, tell, grant } = newUnrecorded('acme');
    control.subscribe(tell);
    grant('acme', 60_000);
    control.apply({ kind: 'lift_override', tenant: 'acme', id: 'o' });
    await vi.advanceTimersByTimeAsync(10_000);
    unrecorded.watch('acme');
    expect(said).toEqual([['acme'], ['acme']]);
  });

  test('is not told where nobody listens any more', async () => {
    const { unrecorded, said, tenants, grant } = newUnrecorded('acme');
    grant('acme', 1_500);
    unrecorded.watch('acme');
    tenants.clear();
    await vi.advanceTimersByTimeAsync(1_100);
    tenants.add('acme');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(said).toEqual([]);
  });
});
