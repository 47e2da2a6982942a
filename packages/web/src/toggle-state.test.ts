import { describe, expect, it } from 'vitest';
import {
  type FetchFailure,
  INITIAL_STATE,
  isOvertaken,
  reduce,
  type ToggleEffect,
  type ToggleEvent,
  type ToggleState,
} from './toggle-state.js';

const unreachable: FetchFailure = { kind: 'unreachable', message: 'HTTP 503' };
const refused: FetchFailure = { kind: 'refused', message: 'HTTP 401' };
const changed = { kind: 'changed', state: 'flags.7' } as const;
const missed = { kind: 'missed' } as const;
const confirmed = { kind: 'confirmed', at: 5, failure: undefined } as const;

const state = (part: Partial<ToggleState>): ToggleState => ({ ...INITIAL_STATE, ...part });
const CONFIRMED = state({ confirmation: confirmed, lastRequest: 3, minRequest: 3 });
const START_TIMEOUT: ToggleEffect = { type: 'start_timeout' };
const STOP_TIMEOUT: ToggleEffect = { type: 'stop_timeout' };
const CANCEL_RETRY: ToggleEffect = { type: 'cancel_retry' };
const failing = (failure: FetchFailure, ...retry: ToggleEffect[]): ToggleEffect[] => [
  STOP_TIMEOUT,
  ...retry,
  { type: 'notify_failed', failure },
  { type: 'settle', error: failure.message },
];

type Row = [
  name: string,
  before: ToggleState,
  event: ToggleEvent,
  after: Partial<ToggleState>,
  effects: ToggleEffect[],
];

const TRANSITIONS: Row[] = [
  [
    'a new context is unconfirmed and has its own timeout',
    CONFIRMED,
    { type: 'context_changed' },
    { context: 1, confirmation: { kind: 'unconfirmed', failure: undefined }, isTimed: true, isAwaited: true },
    [START_TIMEOUT],
  ],
  [
    'a request starts the timeout',
    CONFIRMED,
    { type: 'request_started' },
    { lastRequest: 4, isTimed: true },
    [CANCEL_RETRY, START_TIMEOUT],
  ],
  [
    'a second request keeps the timeout',
    state({ isTimed: true }),
    { type: 'request_started' },
    { lastRequest: 1 },
    [CANCEL_RETRY],
  ],
  ['a response overtakes earlier ones', CONFIRMED, { type: 'response_received', request: 9 }, { minRequest: 9 }, []],
  [
    'a confirmation satisfies the invalidation and settles the callers',
    state({ pending: changed, isTimed: true, isAwaited: true }),
    { type: 'confirmed', at: 5, toggles: [] },
    { confirmation: confirmed, pending: undefined, isTimed: false, isAwaited: false },
    [
      STOP_TIMEOUT,
      { type: 'reset_retry' },
      { type: 'notify_confirmed', toggles: [] },
      { type: 'settle', error: undefined },
    ],
  ],
  [
    'a change overtakes running requests and gets its own timeout',
    { ...CONFIRMED, isTimed: true },
    { type: 'invalidated', invalidation: changed },
    { pending: changed, minRequest: 4, isTimed: false },
    [STOP_TIMEOUT],
  ],
  [
    'a second change keeps the timeout of the first',
    { ...CONFIRMED, pending: changed, isTimed: true },
    { type: 'invalidated', invalidation: changed },
    { pending: changed, minRequest: expect.any(Number) as number, isTimed: true },
    [],
  ],
  [
    'a change keeps the timeout of waiting callers',
    state({ isTimed: true, isAwaited: true }),
    { type: 'invalidated', invalidation: changed },
    { pending: changed, minRequest: expect.any(Number) as number, isTimed: true },
    [],
  ],
  [
    'missed events overtake no request',
    CONFIRMED,
    { type: 'invalidated', invalidation: missed },
    { pending: missed, minRequest: 3 },
    [],
  ],
  [
    'missed events do not replace a change',
    { ...CONFIRMED, pending: changed },
    { type: 'invalidated', invalidation: missed },
    { pending: changed },
    [],
  ],
  [
    'an unreachable gateway keeps a confirmation',
    CONFIRMED,
    { type: 'failed', failure: unreachable },
    { confirmation: { ...confirmed, failure: unreachable } },
    failing(unreachable),
  ],
  [
    'missed events are retried and keep the confirmation',
    { ...CONFIRMED, pending: missed },
    { type: 'failed', failure: unreachable, retryAfterMs: 9 },
    { confirmation: { ...confirmed, failure: unreachable }, pending: missed },
    failing(unreachable, { type: 'schedule_retry', minDelayMs: 9 }),
  ],
  [
    'a change that cannot be fetched ends the confirmation and is retried',
    { ...CONFIRMED, pending: changed },
    { type: 'failed', failure: unreachable },
    { confirmation: { kind: 'unconfirmed', failure: unreachable }, pending: changed },
    failing(unreachable, { type: 'schedule_retry', minDelayMs: 0 }),
  ],
  [
    'a refusal ends the confirmation without a retry',
    { ...CONFIRMED, pending: changed },
    { type: 'failed', failure: refused },
    { confirmation: { kind: 'unconfirmed', failure: refused } },
    failing(refused),
  ],
  [
    'closing settles the callers and cancels timers',
    state({ pending: changed, isTimed: true, isAwaited: true }),
    { type: 'closed' },
    { pending: undefined, isTimed: false, isAwaited: false },
    [STOP_TIMEOUT, { type: 'reset_retry' }, { type: 'settle', error: 'the provider was closed' }],
  ],
];

describe('reduce', () => {
  it.each(TRANSITIONS)('%s', (_, before, event, after, effects) => {
    expect(reduce(before, event)).toEqual({ state: { ...before, ...after }, effects });
  });
});

it('a response is overtaken by a newer context and by a newer request', () => {
  expect(isOvertaken(CONFIRMED, 0, 3)).toBe(false);
  expect(isOvertaken(CONFIRMED, 0, 2)).toBe(true);
  expect(isOvertaken({ ...CONFIRMED, context: 1 }, 0, 3)).toBe(true);
});
