import {
  type EvaluationContext,
  type FlagValue,
  type Hook,
  type HookContext,
  type JsonValue,
  OpenFeatureEventEmitter,
  type Provider,
  ProviderEvents,
  type ResolutionDetails,
} from '@openfeature/web-sdk';
import type { UnleashClient } from 'unleash-proxy-client';
import { browserSharing } from './browser-sharing.js';
import { buildClient } from './build-client.js';
import { headersOf, isStarted, refreshInterval, wrapFetch } from './client-internals.js';
import { EventStream } from './event-stream.js';
import { changedFlags, FlagAnswers } from './flag-answers.js';
import { withIdentity, withIdentityHeader } from './identity.js';
import type { RampartWebProviderOptions } from './options.js';
import { readNumber, readText } from './payload.js';
import { closedUntilReady, resolveBoolean, resolveObject, resolvePayload } from './resolve.js';
import { startingHook } from './starting-hook.js';
import type { Invalidation } from './stream-sharing.js';
import type { Toggle } from './toggle.js';
import { ToggleFetcher } from './toggle-fetcher.js';
import type { Confirmation, FetchFailure } from './toggle-state.js';
import { ofrepContext, subjectKey, unleashContext } from './unleash-context.js';

/** The default prefix of AI flags' names, as in core, which the page's bundle doesn't include. */
const DEFAULT_PREFIX = 'ai.';

const MIN_CLOSE_AFTER_MS = 60_000;

/**
 * An OpenFeature web provider over unleash-proxy-client. AI flags are closed until the gateway has answered for
 * the current user and tenant; their decision is in the metadata and in `getObjectValue`, see {@link readWebDecision}.
 */
export class RampartWebProvider implements Provider {
  readonly metadata = { name: 'rampart-web' } as const;
  readonly runsOn = 'client';
  readonly events: OpenFeatureEventEmitter = new OpenFeatureEventEmitter();
  /** One hook, which closes AI flags before OpenFeature calls the provider. */
  readonly hooks: Hook[] = [startingHook((evaluation) => this.#closedUntilReady(evaluation))];
  /** The Unleash client, from the options or built from them. */
  readonly client: UnleashClient;
  readonly #options: RampartWebProviderOptions;
  readonly #fetcher: ToggleFetcher;
  readonly #answers: FlagAnswers;
  readonly #closeAfterMs: number;
  #subject = subjectKey({});
  #snapshot: ReadonlyMap<string, string> = new Map();
  #isInitialized = false;
  #isFailing = false;
  #ownsClient = false;
  #isClosed = false;
  #closeTimer: ReturnType<typeof setTimeout> | undefined;
  #stream: EventStream | undefined;
  #stopEvents: (() => void) | undefined;
  #stopIdentity: (() => void) | undefined;

  /** @throws Error if the client's version is not supported */
  constructor(options: RampartWebProviderOptions) {
    this.#options = options;
    const { client, identity } = options;
    this.client = client ?? buildClient(options.unleash, identity);
    // Inside the fetcher's wrapper, so that its timeout includes the time of a token.
    if (client && identity) this.#stopIdentity = wrapFetch(client, (inner) => withIdentityHeader(inner, identity));
    const interval = refreshInterval(this.client);
    const fallback = interval === 0 ? Number.POSITIVE_INFINITY : Math.max(MIN_CLOSE_AFTER_MS, 4 * interval);
    this.#closeAfterMs = options.closeAfterMs ?? fallback;
    const { prefix = DEFAULT_PREFIX } = options;
    this.#answers = new FlagAnswers({ prefix, closeAfterMs: this.#closeAfterMs, now: Date.now });
    const listener = {
      confirmed: (toggles: readonly Toggle[] | undefined) => this.#onConfirmed(toggles),
      failed: (failure: FetchFailure) => this.#onFailed(failure),
    };
    this.#fetcher = new ToggleFetcher(this.client, listener, { now: Date.now, random: Math.random });
  }

  /**
   * Resolves when the flags of this context have arrived.
   *
   * @throws Error if they could not be fetched within ten seconds; polling continues, and READY follows the first success. Also if the
   * provider was closed
   */
  async initialize(context: EvaluationContext = {}): Promise<void> {
    this.#assertOpen();
    this.#subscribe(context);
    try {
      await this.#setInitialContext(context);
    } finally {
      this.#isInitialized = true;
      this.#takeSnapshot();
    }
  }

  /** Resolves when the flags of the new context have arrived; until then AI flags are closed. @throws as `initialize` */
  async onContextChange(_old: EvaluationContext, context: EvaluationContext): Promise<void> {
    this.#assertOpen();
    this.#stream?.setContext(ofrepContext(context));
    this.#subject = subjectKey(context);
    const arrived = this.#fetcher.setSubject(() => this.client.updateContext(unleashContext(context)));
    this.#emitChanges();
    await arrived;
  }

  /** Stops the client, unless the page had started it. */
  async onClose(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#closeTimer);
    this.#stopEvents?.();
    this.#stream?.close();
    this.#fetcher.close();
    this.#stopIdentity?.();
    if (this.#ownsClient) this.client.stop();
  }

  resolveBooleanEvaluation(flag: string, fallback: boolean): ResolutionDetails<boolean> {
    return resolveBoolean(this.#evaluate(flag), fallback);
  }

  resolveStringEvaluation(flag: string, fallback: string): ResolutionDetails<string> {
    return resolvePayload(this.#evaluate(flag), fallback, readText);
  }

  resolveNumberEvaluation(flag: string, fallback: number): ResolutionDetails<number> {
    return resolvePayload(this.#evaluate(flag), fallback, readNumber);
  }

  resolveObjectEvaluation<T extends JsonValue>(flag: string, fallback: T): ResolutionDetails<T> {
    return resolveObject(this.#evaluate(flag), fallback);
  }

  #closedUntilReady({ flagKey, flagValueType, defaultValue }: HookContext): ResolutionDetails<FlagValue> | undefined {
    const { answer } = this.#evaluate(flagKey);
    if (answer.kind !== 'closed' && answer.kind !== 'ai') return undefined;
    return closedUntilReady(flagValueType, defaultValue);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new Error('this provider was closed; create a new one');
  }

  #evaluate(flag: string) {
    const confirmation: Confirmation = this.#isClosed
      ? { kind: 'unconfirmed', failure: undefined }
      : this.#fetcher.confirmation;
    const answer = this.#answers.answer(flag, confirmation, this.#subject);
    return { flag, answer, client: this.client, unlisted: this.#options.unlisted ?? 'disabled' } as const;
  }

  async #setInitialContext(context: EvaluationContext): Promise<void> {
    this.#subject = subjectKey(context);
    const mapped = unleashContext(context);
    const hasContext = Object.keys(context).length > 0;
    if (isStarted(this.client)) {
      // An empty OpenFeature context keeps the client's own.
      const change = async (): Promise<void> => (hasContext ? this.client.updateContext(mapped) : undefined);
      await this.#fetcher.setSubject(change);
      return;
    }
    this.#ownsClient = true;
    await this.#fetcher.setSubject(
      async () => {
        if (hasContext) await this.client.updateContext(mapped);
        await this.client.start();
        // A client that is stopped during its start would poll.
        if (this.#isClosed) this.client.stop();
      },
      { starts: true },
    );
  }

  #onConfirmed(toggles: readonly Toggle[] | undefined): void {
    if (toggles === undefined) this.#answers.confirm(this.#subject);
    else this.#answers.replace(toggles, this.#subject);
    clearTimeout(this.#closeTimer);
    if (Number.isFinite(this.#closeAfterMs))
      this.#closeTimer = setTimeout(() => this.#emitChanges(), this.#closeAfterMs + 1);
    if (!this.#isInitialized) return;
    if (this.#isFailing) this.events.emit(ProviderEvents.Ready, { message: 'the flags can be fetched again' });
    this.#isFailing = false;
    this.#emitChanges();
  }

  #onFailed({ kind, message }: FetchFailure): void {
    if (!this.#isInitialized) {
      // Plain flags are served from the client's stored copy, as without Rampart.
      this.#answers.replace(this.client.getAllToggles(), undefined);
      this.#isFailing = true;
      return;
    }
    this.#isFailing = true;
    const event = kind === 'refused' ? ProviderEvents.Error : ProviderEvents.Stale;
    this.events.emit(event, { message });
    this.#emitChanges();
  }

  #takeSnapshot(): void {
    this.#snapshot = this.#answers.snapshot(this.#fetcher.confirmation, this.#subject);
  }

  #emitChanges(): void {
    const before = this.#snapshot;
    this.#takeSnapshot();
    const flagsChanged = changedFlags(before, this.#snapshot);
    if (flagsChanged.length > 0) this.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged });
  }

  #subscribe(context: EvaluationContext): void {
    const { events } = this.#options;
    const onInvalidation = (invalidation: Invalidation): void => void this.#fetcher.refetch(invalidation);
    if (typeof events === 'function') this.#stopEvents = events(() => onInvalidation({ kind: 'changed' }));
    // Without EventSource, such as during server-side rendering, changes arrive with polls.
    if (events === undefined || typeof events === 'function' || typeof EventSource === 'undefined') return;
    const client = () => withIdentity(headersOf(this.client), this.#options.identity);
    const { url, headers = client } = typeof events === 'string' ? { url: events } : events;
    const dependencies = {
      fetch: globalThis.fetch.bind(globalThis),
      open: (address: string) => new EventSource(address),
      random: Math.random,
      sharing: browserSharing(),
    };
    this.#stream = new EventStream({ url, headers }, dependencies, onInvalidation);
    this.#stream.setContext(ofrepContext(context));
  }
}
