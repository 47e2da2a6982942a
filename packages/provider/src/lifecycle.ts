import { type EventContext, type Logger, ProviderEvents } from '@openfeature/server-sdk';
import type { FlagSnapshot, FlagSource, FlagSourceEvent } from '@rampart/core';
import { affectedFlags } from './affected-flags.js';
import { FinalStartError } from './final-start-error.js';
import {
  isRefused,
  type LifecycleEffect,
  type LifecycleEvent,
  type LifecycleState,
  reduce,
} from './lifecycle-state.js';
import { DEFAULT_INIT_TIMEOUT_MS, DEFAULT_STALE_AFTER_MS } from './options.js';
import type { MissingDetail } from './other-decisions.js';
import { ProblemLog } from './problem-log.js';

/** Options of {@link Lifecycle}. */
export interface LifecycleOptions {
  readonly flags: FlagSource;
  readonly emit: (event: ProviderEvents, details: EventContext) => void;
  readonly logger: Logger;
  readonly initTimeoutMs?: number | undefined;
  readonly staleAfterMs?: number | undefined;
}

/** Starts and stops the flag source, follows its events and runs the effects of {@link reduce}. */
export class Lifecycle {
  readonly #flags: FlagSource;
  readonly #emit: LifecycleOptions['emit'];
  readonly #problems: ProblemLog;
  readonly #initTimeoutMs: number;
  readonly #staleAfterMs: number;
  #state: LifecycleState = { phase: 'new' };
  #snapshot: FlagSnapshot;
  #started: Promise<void> | undefined;
  #settle: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  #closed: Promise<void> | undefined;
  #unsubscribe: (() => void) | undefined;
  #initTimer: NodeJS.Timeout | undefined;
  #staleTimer: NodeJS.Timeout | undefined;
  #unmuteTimer: NodeJS.Immediate | undefined;

  constructor({ flags, emit, logger, initTimeoutMs, staleAfterMs }: LifecycleOptions) {
    this.#flags = flags;
    this.#emit = emit;
    this.#problems = new ProblemLog(logger);
    this.#initTimeoutMs = timerDelay(initTimeoutMs ?? DEFAULT_INIT_TIMEOUT_MS);
    this.#staleAfterMs = timerDelay(staleAfterMs ?? DEFAULT_STALE_AFTER_MS);
    this.#snapshot = flags.snapshot();
  }

  /** Whether the flags are older than `staleAfterMs` allows, or from a backup. */
  get isStale(): boolean {
    const { phase } = this.#state;
    return phase === 'stale' || phase === 'refused' || this.#flags.origin() === 'backup';
  }

  /** Whether there are flags to evaluate. False after a refused start, even with a backup. */
  get hasFlags(): boolean {
    return !isRefused(this.#state) && this.#flags.origin() !== 'none';
  }

  /** Why a flag is missing. */
  get missingDetail(): MissingDetail {
    if (this.hasFlags) return 'not_found';
    return isRefused(this.#state) ? 'refused' : 'not_ready';
  }

  /**
   * Starts the flag source and waits for its first flags.
   *
   * @throws FinalStartError if the platform rejects the key, or after `stop`
   * @throws ProviderNotReadyError if no flags arrive within `initTimeoutMs`
   */
  start(): Promise<void> {
    this.#dispatch({ type: 'start' });
    if (this.#state.phase === 'closed')
      return Promise.reject(new FinalStartError('this provider was closed; create a new one'));
    this.#started ??= new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#begin();
    });
    return this.#started;
  }

  /** Stops the flag source and emits nothing more. Idempotent; leaves no timer. */
  stop(): Promise<void> {
    this.#closed ??= this.#stop();
    return this.#closed;
  }

  #begin(): void {
    this.#unsubscribe = this.#flags.subscribe((event) => this.#onFlagEvent(event));
    this.#initTimer = setTimeout(
      () => this.#dispatch({ type: 'init_timeout', origin: this.#flags.origin(), timeoutMs: this.#initTimeoutMs }),
      this.#initTimeoutMs,
    );
    this.#flags.start();
    this.#problems.logProblemsOf(this.#flags.snapshot());
    if (this.#flags.origin() === 'server') this.#onFlagEvent({ type: 'fetched' });
  }

  async #stop(): Promise<void> {
    this.#unsubscribe?.();
    clearTimeout(this.#initTimer);
    clearImmediate(this.#unmuteTimer);
    this.#dispatch({ type: 'close' });
    await this.#flags.stop();
  }

  #onFlagEvent(event: FlagSourceEvent): void {
    const origin = this.#flags.origin();
    switch (event.type) {
      case 'fetched':
        this.#snapshot = this.#flags.snapshot();
        this.#dispatch({ type: 'fetched', origin });
        break;
      case 'changed':
        this.#dispatch(event);
        this.#snapshot = this.#flags.snapshot();
        break;
      case 'error':
        this.#dispatch({ type: 'fetch_failed', error: event.error, origin });
        break;
      case 'fatal':
        this.#dispatch({ type: 'refused', error: event.error });
        break;
      case 'warning':
        this.#problems.warn(event.message);
        break;
      case 'problem':
        this.#problems.logProblem(event.problem);
        break;
    }
  }

  #dispatch(event: LifecycleEvent): void {
    const { state, effects } = reduce(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: LifecycleEffect): void {
    switch (effect.type) {
      case 'resolve_start':
        clearTimeout(this.#initTimer);
        this.#settle?.resolve();
        break;
      case 'reject_start':
        clearTimeout(this.#initTimer);
        this.#settle?.reject(effect.error);
        break;
      case 'schedule_unmute':
        // OpenFeature reacts to the promise in microtasks, and wrapping providers add some; all have run by the next turn.
        this.#unmuteTimer = setImmediate(() => this.#dispatch({ type: 'unmute' }));
        break;
      case 'start_stale_timer':
        this.#staleTimer = setTimeout(() => this.#dispatch({ type: 'stale_timeout' }), this.#staleAfterMs).unref();
        break;
      case 'stop_stale_timer':
        clearTimeout(this.#staleTimer);
        break;
      case 'emit':
        this.#emit(effect.event, effect.details);
        break;
      case 'emit_changes': {
        const flagsChanged = affectedFlags(effect.flags, this.#snapshot, this.#flags.snapshot());
        this.#emit(ProviderEvents.ConfigurationChanged, { flagsChanged });
        break;
      }
      case 'warn':
        this.#problems.warn(effect.message);
        break;
    }
  }
}

/** Node fires a timer with a longer delay at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

function timerDelay(ms: number): number {
  return Math.min(Math.max(ms, 0), MAX_TIMER_MS);
}
