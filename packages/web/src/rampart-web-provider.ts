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
import { type FeedState, type FetchFailure, FlagFeed } from './flag-feed.js';
import { identified, withIdentity } from './identity.js';
import type { RampartWebProviderOptions } from './options.js';
import { readNumber, readText } from './payload.js';
import { closedUntilReady, resolveBoolean, resolveObject, resolvePayload } from './resolve.js';
import { startingHook } from './starting-hook.js';
import type { News } from './stream-sharing.js';
import type { Toggle } from './toggle.js';
import { ofrepContext, ownerOf, unleashContext } from './unleash-context.js';

/** How the names of AI flags begin where nothing else is configured: as in core, which a page doesn't load. */
const DEFAULT_PREFIX = 'ai.';

/** Least time that AI flags outlive a connection that polls, in ms. */
const LEAST_CLOSE_AFTER = 60_000;

/**
 * An OpenFeature web provider over unleash-proxy-client. Flags known to be AI are closed until the gateway has answered for
 * this very user and tenant; their decision is in the metadata and in `getObjectValue`, see {@link readWebDecision}.
 */
export class RampartWebProvider implements Provider {
  readonly metadata = { name: 'rampart-web' } as const;
  readonly runsOn = 'client';
  readonly events: OpenFeatureEventEmitter = new OpenFeatureEventEmitter();
  /** One hook, which closes AI flags before OpenFeature asks the provider. */
  readonly hooks: Hook[] = [startingHook((asked) => this.#closedUntilReady(asked))];
  /** The client that fetches: the one given, or the one built. */
  readonly client: UnleashClient;
  readonly #options: RampartWebProviderOptions;
  readonly #feed: FlagFeed;
  readonly #answers: FlagAnswers;
  readonly #closeAfter: number;
  #owner = ownerOf({});
  #served: ReadonlyMap<string, string> = new Map();
  #initialized = false;
  #troubled = false;
  #stopsClient = false;
  #closed = false;
  #closing: ReturnType<typeof setTimeout> | undefined;
  #stream: EventStream | undefined;
  #stopEvents: (() => void) | undefined;
  #stopIdentity: (() => void) | undefined;

  /** @throws Error where the given client is of a version that can't be watched */
  constructor(options: RampartWebProviderOptions) {
    this.#options = options;
    const { client, identity } = options;
    this.client = client ?? buildClient(options.unleash, identity);
    // Before the feed watches: the time that a token takes is time that the answer takes.
    if (client && identity) this.#stopIdentity = wrapFetch(client, (inner) => identified(inner, identity));
    const interval = refreshInterval(this.client);
    const fallback = interval === 0 ? Number.POSITIVE_INFINITY : Math.max(LEAST_CLOSE_AFTER, 4 * interval);
    this.#closeAfter = options.closeAfter ?? fallback;
    const { prefix = DEFAULT_PREFIX } = options;
    this.#answers = new FlagAnswers({ prefix, closeAfter: this.#closeAfter, now: Date.now });
    const listener = {
      confirmed: (toggles: readonly Toggle[] | undefined) => this.#confirmed(toggles),
      failed: (failure: FetchFailure) => this.#failed(failure),
    };
    this.#feed = new FlagFeed(this.client, listener, { now: Date.now, random: Math.random });
  }

  /**
   * Resolves when the flags of this context are there.
   *
   * @throws Error when they could not be fetched within ten seconds; polling goes on, and READY follows when it succeeds.
   * At once when the provider was closed
   */
  async initialize(context: EvaluationContext = {}): Promise<void> {
    this.#refuseWhenClosed();
    this.#listen(context);
    try {
      await this.#adopt(context);
    } finally {
      this.#initialized = true;
      this.#settle();
    }
  }

  /** Resolves when the flags of the new context are there; until then AI flags are closed. @throws as `initialize` */
  async onContextChange(_old: EvaluationContext, context: EvaluationContext): Promise<void> {
    this.#refuseWhenClosed();
    this.#stream?.follow(ofrepContext(context));
    this.#owner = ownerOf(context);
    const arrived = this.#feed.follow(() => this.client.updateContext(unleashContext(context)));
    this.#announce();
    await arrived;
  }

  /** Leaves the client as it was found: one that the page had started goes on. */
  async onClose(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#closing);
    this.#stopEvents?.();
    this.#stream?.close();
    this.#feed.close();
    this.#stopIdentity?.();
    if (this.#stopsClient) this.client.stop();
  }

  resolveBooleanEvaluation(flag: string, fallback: boolean): ResolutionDetails<boolean> {
    return resolveBoolean(this.#ask(flag), fallback);
  }

  resolveStringEvaluation(flag: string, fallback: string): ResolutionDetails<string> {
    return resolvePayload(this.#ask(flag), fallback, readText);
  }

  resolveNumberEvaluation(flag: string, fallback: number): ResolutionDetails<number> {
    return resolvePayload(this.#ask(flag), fallback, readNumber);
  }

  resolveObjectEvaluation<T extends JsonValue>(flag: string, fallback: T): ResolutionDetails<T> {
    return resolveObject(this.#ask(flag), fallback);
  }

  #closedUntilReady({ flagKey, flagValueType, defaultValue }: HookContext): ResolutionDetails<FlagValue> | undefined {
    const { answer } = this.#ask(flagKey);
    if (answer.kind !== 'closed' && answer.kind !== 'ai') return undefined;
    return closedUntilReady(flagValueType, defaultValue);
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new Error('this provider was closed; create a new one');
  }

  #ask(flag: string) {
    const state: FeedState = this.#closed ? { kind: 'unconfirmed', failure: undefined } : this.#feed.state;
    const answer = this.#answers.answer(flag, state, this.#owner);
    return { flag, answer, client: this.client, unlisted: this.#options.unlisted ?? 'disabled' } as const;
  }

  async #adopt(context: EvaluationContext): Promise<void> {
    this.#owner = ownerOf(context);
    const mapped = unleashContext(context);
    const given = Object.keys(context).length > 0;
    if (isStarted(this.client)) {
      // A page that says nothing to OpenFeature keeps what it told its client.
      const change = async (): Promise<void> => (given ? this.client.updateContext(mapped) : undefined);
      await this.#feed.follow(change);
      return;
    }
    this.#stopsClient = true;
    await this.#feed.follow(
      async () => {
        if (given) await this.client.updateContext(mapped);
        await this.client.start();
        // One that is stopped while it starts polls all the same.
        if (this.#closed) this.client.stop();
      },
      { starts: true },
    );
  }

  #confirmed(toggles: readonly Toggle[] | undefined): void {
    if (toggles === undefined) this.#answers.confirm(this.#owner);
    else this.#answers.replace(toggles, this.#owner);
    clearTimeout(this.#closing);
    if (Number.isFinite(this.#closeAfter)) this.#closing = setTimeout(() => this.#announce(), this.#closeAfter + 1);
    if (!this.#initialized) return;
    if (this.#troubled) this.events.emit(ProviderEvents.Ready, { message: 'the flags can be fetched again' });
    this.#troubled = false;
    this.#announce();
  }

  #failed({ kind, message }: FetchFailure): void {
    if (!this.#initialized) {
      // What is stored may serve for plain flags, as it does without us.
      this.#answers.replace(this.client.getAllToggles(), undefined);
      this.#troubled = true;
      return;
    }
    this.#troubled = true;
    const event = kind === 'refused' ? ProviderEvents.Error : ProviderEvents.Stale;
    this.events.emit(event, { message });
    this.#announce();
  }

  /** From here on changes are told. */
  #settle(): void {
    this.#served = this.#answers.snapshot(this.#feed.state, this.#owner);
  }

  #announce(): void {
    const before = this.#served;
    this.#settle();
    const flagsChanged = changedFlags(before, this.#served);
    if (flagsChanged.length > 0) this.events.emit(ProviderEvents.ConfigurationChanged, { flagsChanged });
  }

  #listen(context: EvaluationContext): void {
    const { events } = this.#options;
    const changed = (news: News): void => void this.#feed.refetch(news);
    if (typeof events === 'function') this.#stopEvents = events(() => changed({ kind: 'told' }));
    // Where no browser is, on a server that renders pages say, the polls tell.
    if (events === undefined || typeof events === 'function' || typeof EventSource === 'undefined') return;
    const client = () => withIdentity(headersOf(this.client), this.#options.identity);
    const { url, headers = client } = typeof events === 'string' ? { url: events } : events;
    const ports = {
      fetch: globalThis.fetch.bind(globalThis),
      open: (address: string) => new EventSource(address),
      random: Math.random,
      sharing: browserSharing(),
    };
    this.#stream = new EventStream({ url, headers }, ports, changed);
    this.#stream.follow(ofrepContext(context));
  }
}
