import { EMPTY_SHARED, EMPTY_TENANT, type LogEntry } from '@rampart/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { consent } from '../test/memory-log.js';
import { FollowedState } from './followed-state.js';

const EPOCH = '00000000000000aa';
let state: FollowedState;

const entry = (position: number, tenant: string, chosen: 'opt_in' | 'opt_out' = 'opt_in'): LogEntry => ({
  position,
  effect: { kind: 'change', change: consent(tenant, chosen) },
});
const apply = (head: number, ...entries: readonly LogEntry[]) => state.apply({ epoch: EPOCH, head, entries, now: 0 });
const begin = (...tail: readonly LogEntry[]) => state.begin({ epoch: EPOCH, position: 10, shared: EMPTY_SHARED }, tail);
const accept = (tenant: string, position: number, epoch = EPOCH) =>
  state.addTenant(tenant, { epoch, position, tenant: EMPTY_TENANT });

beforeEach(() => {
  state = new FollowedState({ maxEntries: 100, maxChanges: 2 });
  begin(entry(8, 'x'), entry(9, 'x'), entry(10, 'x'));
});

describe('a batch of log entries', () => {
  it('is applied up to its last entry', () => {
    expect(apply(13, entry(11, 'a'), entry(12, 'a'))).toBe('more');
    expect(apply(13, entry(13, 'a'))).toBe('caught_up');
    expect(apply(13)).toBe('caught_up');
    expect(state.applied).toBe(13);
  });

  it.each([
    ['a gap before it', 12, [entry(12, 'a')]],
    ['a gap in it', 13, [entry(11, 'a'), entry(13, 'a')]],
    ['nothing up to the head', 11, []],
    ['a head that went back', 9, []],
    ['what is known already', 11, [entry(10, 'a'), entry(11, 'a')]],
    ['an entry that has everything read again', 11, [{ position: 11, effect: { kind: 'begin_anew' } } as const]],
  ])('is refused with %s', (_what, head, entries) => {
    expect(apply(head, ...entries)).toBe('broken');
  });

  it('is rejected from another epoch', () => {
    expect(state.apply({ epoch: 'bb', head: 11, entries: [entry(11, 'a')], now: 0 })).toBe('broken');
  });
});

describe('a value of the shared cache', () => {
  it('is accepted from the start of the known range of changes', () => {
    expect([accept('a', 6), accept('a', 7), accept('a', 10)]).toEqual([false, true, true]);
  });

  it('is rejected if older than a change of its tenant, also a change before the starting position', () => {
    begin(entry(8, 'a'), entry(9, 'b'), entry(10, 'c'));
    expect([accept('a', 7), accept('b', 8), accept('b', 9)]).toEqual([false, false, true]);
  });

  it('is rejected if newer than the applied position', () => {
    expect(accept('a', 11)).toBe(false);
    apply(11, entry(11, 'b'));
    expect(accept('a', 11)).toBe(true);
  });

  it('is rejected from another epoch', () => {
    expect(accept('a', 10, 'bb')).toBe(false);
  });

  it('is rejected if older than a change that is no longer remembered', () => {
    apply(13, entry(11, 'a'), entry(12, 'b'), entry(13, 'c'));
    expect([accept('a', 10), accept('d', 10), accept('d', 11)]).toEqual([false, false, true]);
  });

  it('is rejected if older than the last full reading', () => {
    state.apply({
      epoch: EPOCH,
      head: 11,
      entries: [{ position: 11, effect: { kind: 'forget' } }],
      now: 0,
    });
    expect([accept('a', 10), accept('a', 11)]).toEqual([false, true]);
  });
});
