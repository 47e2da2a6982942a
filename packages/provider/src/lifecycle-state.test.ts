import { ProviderEvents } from '@openfeature/server-sdk';
import { describe, expect, it } from 'vitest';
import { FinalStartError } from './final-start-error.js';
import {
  isRefused,
  type LifecycleEffect,
  type LifecycleEvent,
  type LifecycleState,
  reduce,
} from './lifecycle-state.js';

const error = new Error('connection refused');
const refusal = new Error('responded 401');
const emitted = (status: 'ready' | 'stale' | 'error' | 'final_error') => ({ status, isMuted: false });
const muted = (status: 'ready' | 'error') => ({ status, isMuted: true });

const NEW: LifecycleState = { phase: 'new' };
const STARTING: LifecycleState = { phase: 'starting', error: undefined };
const FAILING_START: LifecycleState = { phase: 'starting', error };
const READY: LifecycleState = { phase: 'ready', error: undefined, announced: emitted('ready') };
const FAILING: LifecycleState = { phase: 'ready', error, announced: emitted('ready') };
const STALE: LifecycleState = { phase: 'stale', error, announced: emitted('stale') };
const MUTED_STALE: LifecycleState = { phase: 'stale', error, announced: muted('ready') };
const UNAVAILABLE: LifecycleState = { phase: 'unavailable', error, announced: emitted('error') };
const REFUSED: LifecycleState = {
  phase: 'refused',
  error: refusal,
  hasFlags: false,
  announced: emitted('final_error'),
};
const REFUSED_WITH_FLAGS: LifecycleState = { ...REFUSED, hasFlags: true };
const CLOSED: LifecycleState = { phase: 'closed', isRefused: false };

const fetched: LifecycleEvent = { type: 'fetched', origin: 'server' };
const backup: LifecycleEvent = { type: 'fetched', origin: 'backup' };
const failure = (origin: 'none' | 'backup' | 'server'): LifecycleEvent => ({ type: 'fetch_failed', error, origin });
const refused: LifecycleEvent = { type: 'refused', error: refusal };
const timeout = (origin: 'none' | 'backup'): LifecycleEvent => ({ type: 'init_timeout', origin, timeoutMs: 100 });
const changed: LifecycleEvent = { type: 'changed', flags: ['a'] };

const warn = (message: string): LifecycleEffect => ({ type: 'warn', message });
const FETCH_WARNING = warn('fetching flags fails: connection refused');
const REFUSAL_WARNING = warn('the flag platform refuses this provider: responded 401');
const RESOLVE: LifecycleEffect[] = [{ type: 'resolve_start' }, { type: 'schedule_unmute' }];
const reject = (message: string): LifecycleEffect[] => [
  { type: 'reject_start', error: expect.objectContaining({ message }) },
  { type: 'schedule_unmute' },
];
const STOP_TIMER: LifecycleEffect = { type: 'stop_stale_timer' };
const EMIT_READY: LifecycleEffect = { type: 'emit', event: ProviderEvents.Ready, details: {} };
const EMIT_STALE: LifecycleEffect = {
  type: 'emit',
  event: ProviderEvents.Stale,
  details: { message: 'connection refused' },
};
const EMIT_FINAL: LifecycleEffect = {
  type: 'emit',
  event: ProviderEvents.Error,
  details: { message: 'responded 401', metadata: { final: true } },
};

type Row = [name: string, state: LifecycleState, event: LifecycleEvent, next: object, effects?: LifecycleEffect[]];

const TRANSITIONS: Row[] = [
  ['a new provider starts', NEW, { type: 'start' }, STARTING],
  ['a second start changes nothing', READY, { type: 'start' }, READY],
  ['a closed provider refuses a start', CLOSED, { type: 'start' }, { phase: 'closed', isRefused: true }],
  ['the first flags settle the start', STARTING, fetched, { phase: 'ready', announced: muted('ready') }, RESOLVE],
  ['a backup waits while the server has not failed', STARTING, backup, STARTING],
  ['a backup serves after a failure', FAILING_START, backup, MUTED_STALE, RESOLVE],
  ['a failed start without flags waits', STARTING, failure('none'), FAILING_START, [FETCH_WARNING]],
  ['a second failure is not logged', FAILING_START, failure('none'), FAILING_START],
  ['a failed start with a backup serves it', STARTING, failure('backup'), MUTED_STALE, [FETCH_WARNING, ...RESOLVE]],
  ['a timeout with a backup serves it', FAILING_START, timeout('backup'), MUTED_STALE, RESOLVE],
  [
    'a timeout without flags rejects the start',
    FAILING_START,
    timeout('none'),
    { phase: 'unavailable', announced: muted('error') },
    reject('no flags within 100 ms; the last error was: connection refused'),
  ],
  [
    'a refused key rejects the start',
    STARTING,
    refused,
    { phase: 'refused', hasFlags: false },
    [REFUSAL_WARNING, ...reject('responded 401')],
  ],
  ['a timeout after the start is ignored', READY, timeout('none'), READY],
  ['the muted status of a settled start is emitted', MUTED_STALE, { type: 'unmute' }, STALE, [EMIT_STALE]],
  [
    'a status that OpenFeature emitted is not repeated',
    { ...READY, announced: muted('ready') },
    { type: 'unmute' },
    READY,
  ],
  ['a late server makes an unavailable provider ready', UNAVAILABLE, fetched, READY, [EMIT_READY]],
  ['a late backup makes an unavailable provider stale', UNAVAILABLE, backup, STALE, [EMIT_STALE]],
  [
    'a failure starts the timer of staleness',
    READY,
    failure('server'),
    FAILING,
    [FETCH_WARNING, { type: 'start_stale_timer' }],
  ],
  ['a second failure starts no second timer', FAILING, failure('server'), FAILING],
  ['a success stops the timer', FAILING, fetched, READY, [STOP_TIMER]],
  ['the timer makes a failing provider stale', FAILING, { type: 'stale_timeout' }, STALE, [STOP_TIMER, EMIT_STALE]],
  ['a success makes a stale provider ready', STALE, fetched, READY, [EMIT_READY]],
  ['a refusal keeps served flags', READY, refused, REFUSED_WITH_FLAGS, [REFUSAL_WARNING, EMIT_FINAL]],
  ['a refusal ends the timer', FAILING, refused, REFUSED_WITH_FLAGS, [REFUSAL_WARNING, STOP_TIMER, EMIT_FINAL]],
  ['a refusal after the timeout is final', UNAVAILABLE, refused, REFUSED, [REFUSAL_WARNING, EMIT_FINAL]],
  ['a refusal is emitted once', REFUSED, refused, REFUSED, [REFUSAL_WARNING]],
  ['a refused start ignores later flags', REFUSED, fetched, REFUSED],
  ['a refused provider with flags recovers', REFUSED_WITH_FLAGS, fetched, READY, [EMIT_READY]],
  ['changes are emitted', READY, changed, READY, [{ type: 'emit_changes', flags: ['a'] }]],
  ['an empty change is not emitted', READY, { type: 'changed', flags: [] }, READY],
  ['changes before the first event are not emitted', MUTED_STALE, changed, MUTED_STALE],
  ['changes after an error are not emitted', UNAVAILABLE, changed, UNAVAILABLE],
  [
    'closing settles a pending start',
    STARTING,
    { type: 'close' },
    CLOSED,
    reject('the provider was closed before it was ready').slice(0, 1),
  ],
  ['closing ends the timer', FAILING, { type: 'close' }, CLOSED, [STOP_TIMER]],
  ['a closed provider without flags stays refused', REFUSED, { type: 'close' }, { phase: 'closed', isRefused: true }],
];

describe('reduce', () => {
  it.each(TRANSITIONS)('%s', (_, state, event, next, effects = []) => {
    const transition = reduce(state, event);
    expect(transition.state).toMatchObject(next);
    expect(transition.effects).toEqual(effects);
  });

  it('ignores every event after the close except a start', () => {
    for (const event of [
      fetched,
      backup,
      failure('none'),
      refused,
      timeout('none'),
      changed,
      { type: 'unmute' } as const,
    ])
      expect(reduce(CLOSED, event)).toEqual({ state: CLOSED, effects: [] });
  });

  it('rejects a refused start with a FinalStartError', () => {
    const effect = reduce(STARTING, refused).effects.find(({ type }) => type === 'reject_start');
    expect(effect?.type === 'reject_start' && effect.error).toBeInstanceOf(FinalStartError);
  });
});

it('isRefused is true without flags that may be served', () => {
  expect([REFUSED, REFUSED_WITH_FLAGS, CLOSED, READY].map(isRefused)).toEqual([true, false, false, false]);
});
