import { type EventContext, type Logger, ProviderEvents, ProviderNotReadyError } from '@openfeature/server-sdk';
import type { FlagSnapshot, FlagSource, FlagSourceEvent } from '@rampart/core';
import { affectedFlags } from './changed-flags.js';
import { FinalStartError } from './final-start-error.js';
import { DEFAULT_INIT_TIMEOUT, DEFAULT_STALE_AFTER } from './options.js';
import type { MissingDetail } from './other-decisions.js';
import { ProblemLog } from './problem-log.js';

/**
 * Where a provider stands. `late`: `initialize` gave up waiting, fetching goes on. `refused`: the flag platform rejects
 * the key for good; flags that were known before go on answering, as stale.
 */
type Phase = 'new' | 'starting' | 'late' | 'ready' | 'stale' | 'refused' | 'closed';

/** Options of {@link Lifecycle}. Times in ms. */
export interface LifecycleOptions {
  readonly flags: FlagSource;
  readonly emit: (event: ProviderEvents, details: EventContext) => void;
  readonly logger: Logger;
  readonly initTimeout?: number | undefined;
  readonly staleAfter?: number | undefined;
}

/**
 * Follows the flag source and says what OpenFeature has to hear, each state once. OpenFeature itself says READY or ERROR
 * when `start` settles; nothing is said before that.
 */
export class Lifecycle {
  readonly #flags: FlagSource;
  readonly #emit: LifecycleOptions['emit'];
  readonly #problems: ProblemLog;
  readonly #initTimeout: number;
  readonly #staleAfter: number;
  #phase: Phase = 'new';
  #snapshot: FlagSnapshot;
  #failure: Error | undefined;
  #said: ProviderEvents | undefined;
  #saidFinal = false;
  /** Whether flags were ever served: from then on they are, whatever fails. */
  #hasServed = false;
  /** Whether the start failed for good. */
  #isRejected = false;
  #speaking = false;
  #started: Promise<void> | undefined;
  #closed: Promise<void> | undefined;
  #settle: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  #unsubscribe: (() => void) | undefined;
  #initTimer: NodeJS.Timeout | undefined;
  #staleTimer: NodeJS.Timeout | undefined;
  #turn: NodeJS.Immediate | undefined;

  constructor({ flags, emit, logger, initTimeout, staleAfter }: LifecycleOptions) {
    this.#flags = flags;
    this.#emit = emit;
    this.#problems = new ProblemLog(logger);
    this.#initTimeout = inRange(initTimeout ?? DEFAULT_INIT_TIMEOUT);
    this.#staleAfter = inRange(staleAfter ?? DEFAULT_STALE_AFTER);
    this.#snapshot = flags.snapshot();
  }

  /** Whether the flag data is older than promised. */
  get stale(): boolean {
    return this.#phase === 'stale' || this.#phase === 'refused' || this.#flags.origin() === 'backup';
  }

  /** Whether there are flags to answer from. After a start that failed for good there are none, also with a backup. */
  get usable(): boolean {
    return !this.#isRejected && this.#flags.origin() !== 'none';
  }

  /** Why a flag is missing. */
  get missingDetail(): MissingDetail {
    if (this.usable) return 'not_found';
    return this.#isRejected ? 'refused' : 'not_ready';
  }

  /**
   * Starts the flag source and waits for its first flags.
   *
   * @throws FinalStartError where the platform rejects the key, or after `stop`
   * @throws ProviderNotReadyError where no flags came in time
   */
  start(): Promise<void> {
    if (this.#phase === 'closed') {
      this.#isRejected = true;
      return Promise.reject(new FinalStartError('this provider was closed; create a new one'));
    }
    this.#started ??= new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#phase = 'starting';
      this.#unsubscribe = this.#flags.subscribe((event) => this.#on(event));
      this.#initTimer = setTimeout(() => this.#timeUp(), this.#initTimeout);
      this.#flags.start();
      this.#problems.problemsOf(this.#flags.snapshot());
      if (this.#flags.origin() === 'server') this.#onFetched();
    });
    return this.#started;
  }

  /** Stops the flag source. Idempotent; no timer is left and nothing is said any more. */
  stop(): Promise<void> {
    this.#closed ??= this.#stop();
    return this.#closed;
  }

  async #stop(): Promise<void> {
    this.#phase = 'closed';
    this.#unsubscribe?.();
    clearTimeout(this.#initTimer);
    clearTimeout(this.#staleTimer);
    this.#settled(new ProviderNotReadyError('the provider was closed before it was ready'));
    clearImmediate(this.#turn);
    await this.#flags.stop();
  }

  #on(event: FlagSourceEvent): void {
    switch (event.type) {
      case 'fetched':
        this.#onFetched();
        break;
      case 'changed':
        this.#onChanged(event.flags);
        break;
      case 'error':
        this.#onError(event.error);
        break;
      case 'fatal':
        this.#onFatal(event.error);
        break;
      case 'warning':
        this.#problems.warn(event.message);
        break;
      case 'problem':
        this.#problems.problem(event.problem);
        break;
    }
  }

  #onFetched(): void {
    this.#snapshot = this.#flags.snapshot();
    if (this.#flags.origin() === 'server') this.#onServer();
    else this.#onBackup();
  }

  #onServer(): void {
    clearTimeout(this.#staleTimer);
    this.#staleTimer = undefined;
    this.#failure = undefined;
    this.#become('ready');
  }

  // A backup is served once the server is known not to answer; until then the server may still be the first.
  #onBackup(): void {
    const failed = this.#phase === 'starting' && this.#failure !== undefined;
    if (failed || this.#phase === 'late') this.#become('stale');
  }

  #onChanged(changed: readonly string[]): void {
    const before = this.#snapshot;
    this.#snapshot = this.#flags.snapshot();
    if (!this.#speaking || changed.length === 0 || this.#said === ProviderEvents.Error) return;
    this.#emit(ProviderEvents.ConfigurationChanged, { flagsChanged: affectedFlags(changed, before, this.#snapshot) });
  }

  #onError(error: Error): void {
    if (this.#failure === undefined) this.#problems.warn(`fetching flags fails: ${error.message}`);
    this.#failure = error;
    if (this.#phase === 'starting' && this.#flags.origin() === 'backup') this.#become('stale');
    if (this.#phase !== 'ready' || this.#staleTimer !== undefined) return;
    this.#staleTimer = setTimeout(() => this.#become('stale'), this.#staleAfter);
    this.#staleTimer.unref();
  }

  #onFatal(error: Error): void {
    this.#problems.warn(`the flag platform refuses this provider: ${error.message}`);
    clearTimeout(this.#staleTimer);
    this.#failure = error;
    this.#isRejected = !this.#hasServed;
    this.#become('refused', new FinalStartError(error.message));
  }

  #timeUp(): void {
    if (this.#flags.origin() !== 'none') {
      this.#become('stale');
      return;
    }
    const last = this.#failure === undefined ? '' : `; the last error was: ${this.#failure.message}`;
    this.#become('late', new ProviderNotReadyError(`no flags within ${this.#initTimeout} ms${last}`));
  }

  #become(phase: Phase, error?: Error): void {
    const before = this.#phase;
    this.#phase = phase;
    this.#hasServed ||= phase === 'ready' || phase === 'stale';
    if (before === 'starting') this.#settled(error);
    else this.#say();
  }

  #settled(error: Error | undefined): void {
    if (this.#settle === undefined) return;
    clearTimeout(this.#initTimer);
    if (error === undefined) this.#settle.resolve();
    else this.#settle.reject(error);
    this.#settle = undefined;
    this.#said = error === undefined ? ProviderEvents.Ready : ProviderEvents.Error;
    // OpenFeature reacts to the promise in microtasks, of which wrapping providers add some; it has spoken by the next turn.
    this.#turn = setImmediate(() => {
      this.#speaking = true;
      this.#say();
    });
  }

  #say(): void {
    const event = EVENTS[this.#phase];
    const isNewlyFinal = this.#phase === 'refused' && !this.#saidFinal;
    if (!this.#speaking || event === undefined || (event === this.#said && !isNewlyFinal)) return;
    this.#said = event;
    this.#saidFinal ||= isNewlyFinal;
    this.#emit(event, this.#details());
  }

  // Never PROVIDER_FATAL: OpenFeature would answer every caller's default, which may be true.
  #details(): EventContext {
    if (this.#phase === 'ready') return {};
    const message = this.#failure?.message ?? 'flags came from a backup';
    return this.#phase === 'refused' ? { message, metadata: { final: true } } : { message };
  }
}

const EVENTS: Readonly<Partial<Record<Phase, ProviderEvents>>> = {
  ready: ProviderEvents.Ready,
  stale: ProviderEvents.Stale,
  late: ProviderEvents.Error,
  refused: ProviderEvents.Error,
};

/** Node fires a timer at once that is longer than this. */
const LONGEST_TIMER = 2 ** 31 - 1;

function inRange(milliseconds: number): number {
  return Math.min(Math.max(milliseconds, 0), LONGEST_TIMER);
}
