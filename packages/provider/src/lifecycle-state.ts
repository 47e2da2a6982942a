import { type EventContext, ProviderEvents, ProviderNotReadyError } from '@openfeature/server-sdk';
import type { FlagOrigin } from '@rampart/core';
import { FinalStartError } from './final-start-error.js';

/** The status that OpenFeature's subscribers see. `final_error`: an error that only a new provider ends. */
type Status = 'ready' | 'stale' | 'error' | 'final_error';

/** The status that was emitted last. While `isMuted`, OpenFeature is about to emit it for the settled start. */
interface Announcement {
  readonly status: Status;
  readonly isMuted: boolean;
}

/** A state after the start has settled. */
type SettledState = { readonly announced: Announcement } & (
  | { readonly phase: 'ready'; readonly error: Error | undefined }
  | { readonly phase: 'stale'; readonly error: Error | undefined }
  /** `initialize` has rejected after its timeout; fetching continues. */
  | { readonly phase: 'unavailable'; readonly error: Error | undefined }
  /** The platform rejects the key. Flags that were served before are served on, as stale. */
  | { readonly phase: 'refused'; readonly error: Error; readonly hasFlags: boolean }
);

/** The states of a provider's lifecycle; `error` is the last fetch error since the last success. */
export type LifecycleState =
  | { readonly phase: 'new' }
  | { readonly phase: 'starting'; readonly error: Error | undefined }
  | SettledState
  /** `isRefused`: no flags are served, since the key was refused or the provider was started again. */
  | { readonly phase: 'closed'; readonly isRefused: boolean };

export type LifecycleEvent =
  | { readonly type: 'start' }
  | { readonly type: 'fetched'; readonly origin: FlagOrigin }
  | { readonly type: 'changed'; readonly flags: readonly string[] }
  | { readonly type: 'fetch_failed'; readonly error: Error; readonly origin: FlagOrigin }
  | { readonly type: 'refused'; readonly error: Error }
  | { readonly type: 'init_timeout'; readonly origin: FlagOrigin; readonly timeoutMs: number }
  | { readonly type: 'stale_timeout' }
  /** OpenFeature has emitted its own event for the settled start. */
  | { readonly type: 'unmute' }
  | { readonly type: 'close' };

export type LifecycleEffect =
  | { readonly type: 'resolve_start' }
  | { readonly type: 'reject_start'; readonly error: Error }
  /** Sends `unmute` when OpenFeature has reacted to the settled start. */
  | { readonly type: 'schedule_unmute' }
  | { readonly type: 'start_stale_timer' }
  | { readonly type: 'stop_stale_timer' }
  | { readonly type: 'emit'; readonly event: ProviderEvents; readonly details: EventContext }
  | { readonly type: 'emit_changes'; readonly flags: readonly string[] }
  | { readonly type: 'warn'; readonly message: string };

/** A state and the effects that the caller runs, in order. */
export interface Transition {
  readonly state: LifecycleState;
  readonly effects: readonly LifecycleEffect[];
}

const EVENTS: Readonly<Record<Status, ProviderEvents>> = {
  ready: ProviderEvents.Ready,
  stale: ProviderEvents.Stale,
  error: ProviderEvents.Error,
  // Never PROVIDER_FATAL: OpenFeature would answer every caller's default, which may be true.
  final_error: ProviderEvents.Error,
};

const NO_ANNOUNCEMENT: Announcement = { status: 'ready', isMuted: true };

/** Computes the next state and its effects. Pure; an event that doesn't apply to a state leaves it as it is. */
export function reduce(state: LifecycleState, event: LifecycleEvent): Transition {
  switch (event.type) {
    case 'start':
      if (state.phase === 'closed') return transition({ phase: 'closed', isRefused: true });
      return transition(state.phase === 'new' ? { phase: 'starting', error: undefined } : state);
    case 'fetched':
      return event.origin === 'server' ? onServerFetch(state) : onBackup(state);
    case 'changed':
      return transition(
        state,
        isListening(state) && event.flags.length > 0 ? [{ type: 'emit_changes', flags: event.flags }] : [],
      );
    case 'fetch_failed':
      return onFetchError(state, event);
    case 'refused':
      return onRefusal(state, event.error);
    case 'init_timeout':
      return onInitTimeout(state, event);
    case 'stale_timeout':
      return state.phase === 'ready' ? enter(state, { ...state, phase: 'stale' }) : transition(state);
    case 'unmute':
      return onUnmute(state);
    case 'close':
      return onClose(state);
  }
}

/** Whether the platform has refused the provider before it served flags, or the provider was started after its close. */
export function isRefused(state: LifecycleState): boolean {
  if (state.phase === 'closed') return state.isRefused;
  return state.phase === 'refused' && !state.hasFlags;
}

function onServerFetch(state: LifecycleState): Transition {
  if (!isActive(state) || isRefused(state)) return transition(state);
  return enter(state, { phase: 'ready', error: undefined, announced: announcedIn(state) });
}

// A backup is served only after the server has failed: until then the server may still answer first.
function onBackup(state: LifecycleState): Transition {
  const hasFailed = state.phase === 'unavailable' || (state.phase === 'starting' && state.error !== undefined);
  return hasFailed
    ? enter(state, { phase: 'stale', error: state.error, announced: announcedIn(state) })
    : transition(state);
}

function onFetchError(state: LifecycleState, { error, origin }: LifecycleEvent & { type: 'fetch_failed' }): Transition {
  if (!isActive(state) || state.phase === 'refused') return transition(state);
  const effects: LifecycleEffect[] = [];
  if (state.error === undefined) {
    effects.push({ type: 'warn', message: `fetching flags fails: ${error.message}` });
    if (state.phase === 'ready') effects.push({ type: 'start_stale_timer' });
  }
  const next = { ...state, error };
  if (next.phase !== 'starting' || origin !== 'backup') return transition(next, effects);
  return withEffects(effects, enter(next, { phase: 'stale', error, announced: NO_ANNOUNCEMENT }));
}

function onRefusal(state: LifecycleState, error: Error): Transition {
  if (!isActive(state)) return transition(state);
  const hasFlags = state.phase === 'ready' || state.phase === 'stale' || (state.phase === 'refused' && state.hasFlags);
  const warning: LifecycleEffect = {
    type: 'warn',
    message: `the flag platform refuses this provider: ${error.message}`,
  };
  return withEffects(
    [warning],
    enter(
      state,
      { phase: 'refused', error, hasFlags, announced: announcedIn(state) },
      new FinalStartError(error.message),
    ),
  );
}

function onInitTimeout(state: LifecycleState, event: LifecycleEvent & { type: 'init_timeout' }): Transition {
  if (state.phase !== 'starting') return transition(state);
  const { error } = state;
  if (event.origin !== 'none') return enter(state, { phase: 'stale', error, announced: NO_ANNOUNCEMENT });
  const last = error === undefined ? '' : `; the last error was: ${error.message}`;
  const timeout = new ProviderNotReadyError(`no flags within ${event.timeoutMs} ms${last}`);
  return enter(state, { phase: 'unavailable', error, announced: NO_ANNOUNCEMENT }, timeout);
}

function onUnmute(state: LifecycleState): Transition {
  if (!isSettled(state)) return transition(state);
  return announce({ ...state, announced: { ...state.announced, isMuted: false } });
}

function onClose(state: LifecycleState): Transition {
  const error = new ProviderNotReadyError('the provider was closed before it was ready');
  const effects: LifecycleEffect[] = [...leave(state)];
  if (state.phase === 'starting') effects.push({ type: 'reject_start', error });
  return transition({ phase: 'closed', isRefused: isRefused(state) }, effects);
}

/** Enters a settled state: settles the start if it is pending, else announces the status if it differs. */
function enter(previous: LifecycleState, next: SettledState, startError?: Error): Transition {
  if (previous.phase !== 'starting') return withEffects(leave(previous), announce(next));
  const status = startError === undefined ? 'ready' : 'error';
  return transition({ ...next, announced: { status, isMuted: true } }, [
    startError === undefined ? { type: 'resolve_start' } : { type: 'reject_start', error: startError },
    { type: 'schedule_unmute' },
  ]);
}

function leave(state: LifecycleState): readonly LifecycleEffect[] {
  return state.phase === 'ready' && state.error !== undefined ? [{ type: 'stop_stale_timer' }] : [];
}

function announce(state: SettledState): Transition {
  const status = statusOf(state);
  if (state.announced.isMuted || state.announced.status === status) return transition(state);
  const emit: LifecycleEffect = { type: 'emit', event: EVENTS[status], details: detailsOf(state) };
  return transition({ ...state, announced: { status, isMuted: false } }, [emit]);
}

function statusOf({ phase }: SettledState): Status {
  if (phase === 'unavailable') return 'error';
  return phase === 'refused' ? 'final_error' : phase;
}

function detailsOf({ phase, error }: SettledState): EventContext {
  if (phase === 'ready') return {};
  const message = error?.message ?? 'flags came from a backup';
  return phase === 'refused' ? { message, metadata: { final: true } } : { message };
}

function isListening(state: LifecycleState): boolean {
  return isSettled(state) && !state.announced.isMuted && EVENTS[state.announced.status] !== ProviderEvents.Error;
}

function isActive(state: LifecycleState): state is SettledState | (LifecycleState & { phase: 'starting' }) {
  return state.phase !== 'new' && state.phase !== 'closed';
}

function isSettled(state: LifecycleState): state is SettledState {
  return isActive(state) && state.phase !== 'starting';
}

function announcedIn(state: LifecycleState): Announcement {
  return isSettled(state) ? state.announced : NO_ANNOUNCEMENT;
}

function transition(state: LifecycleState, effects: readonly LifecycleEffect[] = []): Transition {
  return { state, effects };
}

function withEffects(before: readonly LifecycleEffect[], { state, effects }: Transition): Transition {
  return { state, effects: [...before, ...effects] };
}
