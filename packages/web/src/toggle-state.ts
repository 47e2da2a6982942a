import type { Invalidation } from './stream-sharing.js';
import type { Toggle } from './toggle.js';

/** Why toggles could not be fetched. */
export interface FetchFailure {
  /** `refused`: missing or insufficient credentials (400, 401, 403). `unreachable`: anything else. */
  readonly kind: 'refused' | 'unreachable';
  readonly message: string;
}

/** Whether the gateway has confirmed the client's toggles for the current context. `at` in ms. */
export type Confirmation =
  | { readonly kind: 'confirmed'; readonly at: number; readonly failure: FetchFailure | undefined }
  | { readonly kind: 'unconfirmed'; readonly failure: FetchFailure | undefined };

/** The state of fetching. Requests and contexts are numbered; a response of an older context or request is overtaken. */
export interface ToggleState {
  readonly confirmation: Confirmation;
  /** The invalidation that no response has satisfied yet. */
  readonly pending: Invalidation | undefined;
  readonly context: number;
  readonly lastRequest: number;
  /** Responses to earlier requests are overtaken. */
  readonly minRequest: number;
  /** Whether the timeout runs. It spans retries: each request may cancel the one before. */
  readonly isTimed: boolean;
  /** Whether callers wait for the current context's toggles. */
  readonly isAwaited: boolean;
}

export type ToggleEvent =
  | { readonly type: 'context_changed' }
  | { readonly type: 'invalidated'; readonly invalidation: Invalidation }
  | { readonly type: 'request_started' }
  | { readonly type: 'response_received'; readonly request: number }
  /** @property toggles undefined: not modified */
  | { readonly type: 'confirmed'; readonly at: number; readonly toggles: readonly Toggle[] | undefined }
  | { readonly type: 'failed'; readonly failure: FetchFailure; readonly retryAfterMs?: number }
  | { readonly type: 'closed' };

export type ToggleEffect =
  | { readonly type: 'start_timeout' }
  | { readonly type: 'stop_timeout' }
  | { readonly type: 'cancel_retry' }
  | { readonly type: 'reset_retry' }
  | { readonly type: 'schedule_retry'; readonly minDelayMs: number }
  | { readonly type: 'notify_confirmed'; readonly toggles: readonly Toggle[] | undefined }
  | { readonly type: 'notify_failed'; readonly failure: FetchFailure }
  /** Settles every waiting caller; undefined: success. */
  | { readonly type: 'settle'; readonly error: string | undefined };

/** A state and the effects that the caller runs, in order. */
export interface ToggleTransition {
  readonly state: ToggleState;
  readonly effects: readonly ToggleEffect[];
}

export const INITIAL_STATE: ToggleState = {
  confirmation: { kind: 'unconfirmed', failure: undefined },
  pending: undefined,
  context: 0,
  lastRequest: 0,
  minRequest: 0,
  isTimed: false,
  isAwaited: false,
};

/** Computes the next state and its effects. Pure. */
export function reduce(state: ToggleState, event: ToggleEvent): ToggleTransition {
  switch (event.type) {
    case 'context_changed': {
      const { confirmation } = INITIAL_STATE;
      const next = { ...state, context: state.context + 1, confirmation, isTimed: true, isAwaited: true };
      return { state: next, effects: [{ type: 'start_timeout' }] };
    }
    case 'invalidated':
      return onInvalidation(state, event.invalidation);
    case 'request_started':
      return {
        state: { ...state, lastRequest: state.lastRequest + 1, isTimed: true },
        effects: state.isTimed ? [{ type: 'cancel_retry' }] : [{ type: 'cancel_retry' }, { type: 'start_timeout' }],
      };
    case 'response_received':
      return { state: { ...state, minRequest: event.request }, effects: [] };
    case 'confirmed': {
      const confirmation: Confirmation = { kind: 'confirmed', at: event.at, failure: undefined };
      return {
        state: { ...state, confirmation, pending: undefined, isTimed: false, isAwaited: false },
        effects: [
          { type: 'stop_timeout' },
          { type: 'reset_retry' },
          { type: 'notify_confirmed', toggles: event.toggles },
          { type: 'settle', error: undefined },
        ],
      };
    }
    case 'failed':
      return onFailure(state, event);
    case 'closed':
      return {
        state: { ...state, pending: undefined, isTimed: false, isAwaited: false },
        effects: [
          { type: 'stop_timeout' },
          { type: 'reset_retry' },
          { type: 'settle', error: 'the provider was closed' },
        ],
      };
  }
}

/** Whether a response no longer counts: a newer context, invalidation or response has replaced it. */
export function isOvertaken(state: ToggleState, context: number, request: number): boolean {
  return context !== state.context || request < state.minRequest;
}

function onInvalidation(state: ToggleState, invalidation: Invalidation): ToggleTransition {
  if (invalidation.kind === 'missed')
    return { state: { ...state, pending: state.pending ?? invalidation }, effects: [] };
  // A request that started before the change may not include it.
  const next = { ...state, minRequest: state.lastRequest + 1, pending: invalidation };
  // The change has its own timeout, unless an earlier one or a caller waits already.
  if (state.pending?.kind === 'changed' || state.isAwaited) return { state: next, effects: [] };
  return { state: { ...next, isTimed: false }, effects: [{ type: 'stop_timeout' }] };
}

// An unreachable gateway leaves confirmed toggles valid, unless they are known to have changed.
function onFailure(
  state: ToggleState,
  { failure, retryAfterMs = 0 }: ToggleEvent & { type: 'failed' },
): ToggleTransition {
  const isUnreachable = failure.kind === 'unreachable';
  const staysConfirmed = isUnreachable && state.pending?.kind !== 'changed' && state.confirmation.kind === 'confirmed';
  const confirmation: Confirmation = staysConfirmed
    ? { ...state.confirmation, failure }
    : { kind: 'unconfirmed', failure };
  const retry: readonly ToggleEffect[] =
    isUnreachable && state.pending !== undefined ? [{ type: 'schedule_retry', minDelayMs: retryAfterMs }] : [];
  return {
    state: { ...state, confirmation, isTimed: false, isAwaited: false },
    effects: [
      { type: 'stop_timeout' },
      ...retry,
      { type: 'notify_failed', failure },
      { type: 'settle', error: failure.message },
    ],
  };
}
