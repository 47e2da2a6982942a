import { EVENTS, type UnleashClient } from 'unleash-proxy-client';
import { Backoff, parseRetryAfter } from './backoff.js';
import { fetchNow, type ToggleFetch, type ToggleResponse, wrapFetch } from './client-internals.js';
import type { Invalidation } from './stream-sharing.js';
import type { Toggle } from './toggle.js';
import {
  type Confirmation,
  type FetchFailure,
  INITIAL_STATE,
  isOvertaken,
  reduce,
  type ToggleEffect,
  type ToggleEvent,
} from './toggle-state.js';
import { REQUEST_TIMEOUT_MS, TimeoutError, withTimeout } from './with-timeout.js';

/** Clock and randomness of {@link ToggleFetcher}. */
export interface FetcherDependencies {
  readonly now: () => number;
  /** 0 to 1. */
  readonly random: () => number;
}

export interface FetchListener {
  /** The gateway has answered for the current context. @param toggles undefined: not modified */
  confirmed(toggles: readonly Toggle[] | undefined): void;
  failed(failure: FetchFailure): void;
}

/**
 * Wraps the fetches of an Unleash client and runs the effects of {@link reduce}, so that late responses, failed requests and
 * stored copies never count as the response for the current context.
 */
export class ToggleFetcher {
  readonly #client: UnleashClient;
  readonly #listener: FetchListener;
  readonly #now: () => number;
  readonly #backoff: Backoff;
  readonly #detach: () => void;
  #state = INITIAL_STATE;
  /** Whether the client is about to emit an update for a response, and not for a bootstrap. */
  #isUpdating = false;
  #timeout: ReturnType<typeof setTimeout> | undefined;
  #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  constructor(client: UnleashClient, listener: FetchListener, { now, random }: FetcherDependencies) {
    this.#client = client;
    this.#listener = listener;
    this.#now = now;
    this.#backoff = new Backoff(random);
    const unwrap = wrapFetch(client, (inner) => (url, init) => this.#fetch(inner, url, init));
    const update = (): void => this.#onUpdate();
    client.on(EVENTS.UPDATE, update);
    this.#detach = () => {
      unwrap();
      client.off(EVENTS.UPDATE, update);
    };
  }

  get confirmation(): Confirmation {
    return this.#state.confirmation;
  }

  /**
   * Fetches the toggles for the context that `change` sets, and resolves when they have arrived. A newer call settles earlier
   * ones with its own result. Rejects {@link REQUEST_TIMEOUT_MS} after the last call; a later response still counts.
   *
   * @param options `starts`: the change starts the client, which fetches by itself, later
   * @throws Error if the toggles could not be fetched
   */
  async setSubject(change: () => Promise<void>, { starts = false }: { readonly starts?: boolean } = {}): Promise<void> {
    const settled = new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.#dispatch({ type: 'context_changed' });
    const { lastRequest } = this.#state;
    const changed = change();
    const fetchUnlessFetching = (): void => void (this.#state.lastRequest === lastRequest && fetchNow(this.#client));
    // Without a first response and without a polling timer, the client would wait for a fetch that never comes.
    if (!starts) fetchUnlessFetching();
    // A client with fresh stored toggles starts without a fetch.
    changed.then(starts ? fetchUnlessFetching : undefined, (error: unknown) => this.#fail(error));
    await settled;
  }

  /**
   * Fetches again, with retries until a response arrives; the listener receives each result. Never throws. After a failure the
   * current toggles no longer count if they are known to have changed.
   */
  async refetch(invalidation: Invalidation): Promise<void> {
    this.#dispatch({ type: 'invalidated', invalidation });
    await fetchNow(this.#client);
  }

  close(): void {
    this.#detach();
    this.#dispatch({ type: 'closed' });
  }

  async #fetch(inner: ToggleFetch, url: string, init: RequestInit): Promise<ToggleResponse> {
    this.#dispatch({ type: 'request_started' });
    const { context, lastRequest: request, confirmation, pending } = this.#state;
    const overtaken = (): boolean => isOvertaken(this.#state, context, request);
    try {
      const ownInit = confirmation.kind === 'confirmed' ? init : withoutEtag(init);
      // The client starts to poll after its first fetch has ended, so each fetch needs an end.
      const { response, toggles } = await withTimeout(REQUEST_TIMEOUT_MS, ownInit.signal, (signal) =>
        readResponse(inner(addressFor(url, pending), { ...ownInit, signal })),
      );
      // The client ignores an AbortError as its own cancellation.
      if (overtaken()) throw abortError();
      this.#dispatch({ type: 'response_received', request });
      if (response.status === 304) this.#dispatch({ type: 'confirmed', at: this.#now(), toggles: undefined });
      else if (!response.ok) this.#onStatus(response);
      return toResponse(response, () => {
        if (overtaken()) throw abortError();
        this.#isUpdating = true;
        return { toggles };
      });
    } catch (error) {
      // The timeout of the waiting callers has reported a TimeoutError already.
      const isReported = isAbort(error) || error instanceof TimeoutError;
      if (!isReported && !overtaken()) this.#fail(error);
      throw overtaken() ? abortError() : error;
    }
  }

  #onStatus({ status, headers }: ToggleResponse): void {
    const retryAfterMs = parseRetryAfter(headers.get('retry-after'), this.#now());
    this.#dispatch({ type: 'failed', failure: failureOf(status), retryAfterMs });
  }

  #onUpdate(): void {
    if (!this.#isUpdating) return;
    this.#isUpdating = false;
    this.#dispatch({ type: 'confirmed', at: this.#now(), toggles: this.#client.getAllToggles() });
  }

  #fail(error: unknown): void {
    this.#dispatch({ type: 'failed', failure: { kind: 'unreachable', message: messageOf(error) } });
  }

  #dispatch(event: ToggleEvent): void {
    const { state, effects } = reduce(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: ToggleEffect): void {
    switch (effect.type) {
      case 'start_timeout':
        clearTimeout(this.#timeout);
        this.#timeout = setTimeout(() => this.#fail(new TimeoutError(REQUEST_TIMEOUT_MS)), REQUEST_TIMEOUT_MS);
        break;
      case 'stop_timeout':
        clearTimeout(this.#timeout);
        break;
      case 'cancel_retry':
        this.#backoff.cancel();
        break;
      case 'reset_retry':
        this.#backoff.reset();
        break;
      case 'schedule_retry':
        this.#backoff.schedule(() => void fetchNow(this.#client), effect.minDelayMs);
        break;
      case 'notify_confirmed':
        this.#listener.confirmed(effect.toggles);
        break;
      case 'notify_failed':
        this.#listener.failed(effect.failure);
        break;
      case 'settle':
        this.#settle(effect.error);
        break;
    }
  }

  #settle(error: string | undefined): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve, reject } of waiting) {
      if (error === undefined) resolve();
      else reject(new Error(error));
    }
  }
}

async function readResponse(pending: Promise<ToggleResponse>) {
  const response = await pending;
  return { response, toggles: response.ok ? togglesIn(await response.json()) : undefined };
}

function addressFor(url: string, pending: Invalidation | undefined): string {
  if (pending?.kind !== 'changed' || pending.state === undefined) return url;
  const address = new URL(url);
  address.searchParams.set('flagConfigEtag', pending.state);
  return address.href;
}

/** A 304 would confirm the toggles of another context. */
function withoutEtag(init: RequestInit): RequestInit {
  const headers = new Headers(init.headers);
  headers.delete('if-none-match');
  return { ...init, headers: Object.fromEntries(headers) };
}

function failureOf(status: number): FetchFailure {
  const isRefused = status === 400 || status === 401 || status === 403;
  return { kind: isRefused ? 'refused' : 'unreachable', message: `the flags could not be fetched: HTTP ${status}` };
}

function togglesIn(body: unknown): readonly Toggle[] {
  const toggles = typeof body === 'object' && body !== null && 'toggles' in body ? body.toggles : undefined;
  if (!Array.isArray(toggles)) throw new Error('the flags could not be fetched: the response has no list of toggles');
  return toggles.filter(isToggle);
}

function isToggle(value: unknown): value is Toggle {
  if (typeof value !== 'object' || value === null) return false;
  const { name, enabled, variant } = value as Partial<Toggle>;
  return typeof name === 'string' && typeof enabled === 'boolean' && typeof variant === 'object' && variant !== null;
}

function toResponse({ ok, status, headers }: ToggleResponse, body: () => unknown): ToggleResponse {
  return { ok, status, headers: { get: (name) => headers.get(name) }, json: async () => body() };
}

const abortError = (): Error => new DOMException('overtaken by a newer request', 'AbortError');

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

const messageOf = (error: unknown): string =>
  `the flags could not be fetched: ${error instanceof Error ? error.message : 'unknown failure'}`;
