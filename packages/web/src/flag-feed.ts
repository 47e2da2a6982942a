import { EVENTS, type UnleashClient } from 'unleash-proxy-client';
import { fetchNow, type ToggleFetch, type ToggleResponse, wrapFetch } from './client-internals.js';
import { askedToWait, Retry } from './retry.js';
import type { News } from './stream-sharing.js';
import type { Toggle } from './toggle.js';
import { MOST_WAIT, NoAnswer, within } from './within.js';

/** Why toggles could not be fetched. */
export interface FetchFailure {
  /** `refused`: who asks is not known, or may not ask (400, 401, 403). `unreachable`: anything else. */
  readonly kind: 'refused' | 'unreachable';
  readonly message: string;
}

/** Whether the client's toggles are the answer to the present context. */
export type FeedState =
  | { readonly kind: 'confirmed'; readonly at: number; readonly failure: FetchFailure | undefined }
  | { readonly kind: 'unconfirmed'; readonly failure: FetchFailure | undefined };

/** What the feed needs from outside. */
export interface FeedPorts {
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
}

export interface FeedListener {
  /** An answer for the present context has come; undefined where it said that nothing changed. */
  confirmed(toggles: readonly Toggle[] | undefined): void;
  failed(failure: FetchFailure): void;
}

/**
 * Watches what an Unleash client fetches, so that an answer is never taken for another context's: not when it comes late,
 * not when the request failed, and not when it comes from a stored copy.
 */
export class FlagFeed {
  readonly #client: UnleashClient;
  readonly #listener: FeedListener;
  readonly #now: () => number;
  readonly #retry: Retry;
  readonly #release: () => void;
  #generation = 0;
  #turns = 0;
  #lastTurn = 0;
  #arriving = false;
  /** What no answer has covered yet. */
  #news: News | undefined;
  #state: FeedState = { kind: 'unconfirmed', failure: undefined };
  /** Ends the waiting for an answer, however many fetches that takes: each may cut off the one before. */
  #due: ReturnType<typeof setTimeout> | undefined;
  #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  constructor(client: UnleashClient, listener: FeedListener, { now, random }: FeedPorts) {
    this.#client = client;
    this.#listener = listener;
    this.#now = now;
    this.#retry = new Retry(random);
    const unwrap = wrapFetch(client, (inner) => (url, init) => this.#fetch(inner, url, init));
    const update = (): void => this.#updated();
    client.on(EVENTS.UPDATE, update);
    this.#release = () => {
      unwrap();
      client.off(EVENTS.UPDATE, update);
    };
  }

  get state(): FeedState {
    return this.#state;
  }

  /**
   * Has the toggles fetched for what `change` sets, and resolves when they are there. One that is overtaken by another
   * settles with that one. Ten seconds after the last it has failed, until an answer comes all the same.
   *
   * @param options `starts`: the change is the client's start, which fetches by itself, later
   * @throws Error when they could not be fetched
   */
  async follow(change: () => Promise<void>, { starts = false }: { readonly starts?: boolean } = {}): Promise<void> {
    this.#generation += 1;
    this.#state = { kind: 'unconfirmed', failure: undefined };
    const settled = new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.#startWaiting();
    const turns = this.#turns;
    const changed = change();
    const fetchUnlessFetching = (): void => void (this.#turns === turns && fetchNow(this.#client));
    // A client that never had an answer would wait for one, and without a timer none comes.
    if (!starts) fetchUnlessFetching();
    // And one that takes what is stored for new enough asks nobody.
    changed.then(starts ? fetchUnlessFetching : undefined, (error: unknown) =>
      this.#failed({ kind: 'unreachable', message: messageOf(error) }),
    );
    await settled;
  }

  /**
   * Fetches again, and tries again until an answer has come; never throws, the listener hears how it went. While that fails,
   * what there is counts no more if somebody said that it has changed.
   */
  async refetch(news: News): Promise<void> {
    const told = news.kind === 'told';
    // What was asked before the word came may not know of it.
    if (told) this.#lastTurn = this.#turns + 1;
    // Its ten seconds are its own, unless a former word or another user waits already.
    if (told && this.#news?.kind !== 'told' && this.#waiting.length === 0) this.#stopWaiting();
    if (told || this.#news === undefined) this.#news = news;
    await fetchNow(this.#client);
  }

  close(): void {
    this.#release();
    this.#stopWaiting();
    this.#covered();
    this.#settle(new Error('the provider was closed'));
  }

  async #fetch(inner: ToggleFetch, url: string, init: RequestInit): Promise<ToggleResponse> {
    const generation = this.#generation;
    const turn = (this.#turns += 1);
    this.#retry.cancel();
    if (this.#due === undefined) this.#startWaiting();
    const overtaken = (): boolean => generation !== this.#generation || turn < this.#lastTurn;
    try {
      const asked = this.#state.kind === 'confirmed' ? init : withoutEtag(init);
      const address = addressFor(url, this.#news);
      // The client begins to poll when its first fetch has ended.
      const { response, toggles } = await within(MOST_WAIT, asked.signal, (signal) =>
        answerOf(inner(address, { ...asked, signal })),
      );
      // The client takes this for a request that it cancelled itself, and keeps quiet.
      if (overtaken()) throw abortError();
      this.#lastTurn = turn;
      if (response.status === 304) this.#confirmed(undefined);
      else if (!response.ok) this.#failed(failureOf(response.status), response.headers.get('retry-after'));
      return reply(response, () => {
        if (overtaken()) throw abortError();
        this.#arriving = true;
        return { toggles };
      });
    } catch (error) {
      // Whoever waits for this one has waited at least as long, and has said so.
      const said = isAbort(error) || error instanceof NoAnswer;
      if (!said && !overtaken()) this.#failed({ kind: 'unreachable', message: messageOf(error) });
      throw overtaken() ? abortError() : error;
    }
  }

  #updated(): void {
    // Whatever else sets toggles, a bootstrap say, is nobody's answer.
    if (!this.#arriving) return;
    this.#arriving = false;
    this.#confirmed(this.#client.getAllToggles());
  }

  #confirmed(toggles: readonly Toggle[] | undefined): void {
    this.#state = { kind: 'confirmed', at: this.#now(), failure: undefined };
    this.#stopWaiting();
    this.#covered();
    this.#listener.confirmed(toggles);
    this.#settle();
  }

  #startWaiting(): void {
    this.#stopWaiting();
    const late = (): void => this.#failed({ kind: 'unreachable', message: messageOf(new NoAnswer(MOST_WAIT)) });
    this.#due = setTimeout(late, MOST_WAIT);
  }

  #stopWaiting(): void {
    clearTimeout(this.#due);
    this.#due = undefined;
  }

  #covered(): void {
    this.#news = undefined;
    this.#retry.reset();
  }

  #failed(failure: FetchFailure, retryAfter: string | null = null): void {
    this.#stopWaiting();
    const unreachable = failure.kind === 'unreachable';
    const stands = unreachable && this.#news?.kind !== 'told';
    this.#state = stands && this.#state.kind === 'confirmed' ? { ...this.#state, failure } : unconfirmed(failure);
    if (unreachable && this.#news !== undefined)
      this.#retry.schedule(() => void fetchNow(this.#client), askedToWait(retryAfter, this.#now()));
    this.#listener.failed(failure);
    this.#settle(new Error(failure.message));
  }

  #settle(error?: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve, reject } of waiting) {
      if (error === undefined) resolve();
      else reject(error);
    }
  }
}

async function answerOf(asked: Promise<ToggleResponse>) {
  const response = await asked;
  return { response, toggles: response.ok ? togglesIn(await response.json()) : undefined };
}

function addressFor(url: string, news: News | undefined): string {
  if (news?.kind !== 'told' || news.state === undefined) return url;
  const address = new URL(url);
  address.searchParams.set('flagConfigEtag', news.state);
  return address.href;
}

/** "Unchanged" would be said of what another context was given. */
function withoutEtag(init: RequestInit): RequestInit {
  const headers = new Headers(init.headers);
  headers.delete('if-none-match');
  return { ...init, headers: Object.fromEntries(headers) };
}

function unconfirmed(failure: FetchFailure): FeedState {
  return { kind: 'unconfirmed', failure };
}

function failureOf(status: number): FetchFailure {
  const refused = status === 400 || status === 401 || status === 403;
  return { kind: refused ? 'refused' : 'unreachable', message: `the flags could not be fetched: HTTP ${status}` };
}

function togglesIn(body: unknown): readonly Toggle[] {
  const toggles = typeof body === 'object' && body !== null && 'toggles' in body ? body.toggles : undefined;
  if (!Array.isArray(toggles)) throw new Error('the flags could not be fetched: the answer holds no list of toggles');
  return toggles.filter(isToggle);
}

function isToggle(value: unknown): value is Toggle {
  if (typeof value !== 'object' || value === null) return false;
  const { name, enabled, variant } = value as Partial<Toggle>;
  return typeof name === 'string' && typeof enabled === 'boolean' && typeof variant === 'object' && variant !== null;
}

function reply({ ok, status, headers }: ToggleResponse, body: () => unknown): ToggleResponse {
  return { ok, status, headers: { get: (name) => headers.get(name) }, json: async () => body() };
}

const abortError = (): Error => new DOMException('overtaken by a newer request', 'AbortError');

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

const messageOf = (error: unknown): string =>
  `the flags could not be fetched: ${error instanceof Error ? error.message : 'unknown failure'}`;
