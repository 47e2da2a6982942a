import { Backoff } from './backoff.js';
import { type HeaderRecord, streamName } from './stream-name.js';
import { type Invalidation, type SharingPorts, StreamSharing } from './stream-sharing.js';
import { REQUEST_TIMEOUT_MS, withTimeout } from './with-timeout.js';

/** The gateway's event stream. */
export interface EventSourceOptions {
  /** The gateway's address; `/ofrep/v1/evaluate/flags` is added. */
  readonly url: string;
  /**
   * Headers with credentials: `Authorization` with the frontend token, `X-Rampart-Identity` with the user's JWT.
   * @default the client's key, its `customHeaders` and the JWT of `identity`; not the headers that its own `fetch` adds
   */
  readonly headers?: (() => HeaderRecord | Promise<HeaderRecord>) | undefined;
}

/** The browser's functions that the stream uses. */
export interface EventStreamDependencies {
  readonly fetch: typeof fetch;
  /** Opens a stream; `EventSource` of the browser. */
  readonly open: (url: string) => EventSourceLike;
  /** 0 to 1; spreads the reconnects of pages. */
  readonly random: () => number;
  /** Lets tabs share one stream. @default each tab has its own */
  readonly sharing?: SharingPorts | undefined;
}

export interface EventSourceLike {
  readonly readyState: number;
  addEventListener(type: 'message' | 'open' | 'error', listener: (event: { readonly data?: unknown }) => void): void;
  close(): void;
}

const CLOSED = 2;

/**
 * Subscribes to the gateway's OFREP event stream and reports invalidations: on each event, and on each connect, since events may
 * have been missed before.
 */
export class EventStream {
  readonly #options: Required<EventSourceOptions>;
  readonly #ports: EventStreamDependencies;
  readonly #onInvalidation: (invalidation: Invalidation) => void;
  readonly #backoff: Backoff;
  readonly #sharing: StreamSharing | undefined;
  #source: EventSourceLike | undefined;
  #context: object = {};
  #generation = 0;

  constructor(
    options: Required<EventSourceOptions>,
    ports: EventStreamDependencies,
    onInvalidation: (invalidation: Invalidation) => void,
  ) {
    this.#options = options;
    this.#ports = ports;
    this.#onInvalidation = onInvalidation;
    this.#backoff = new Backoff(ports.random);
    this.#sharing =
      ports.sharing &&
      new StreamSharing(ports.sharing, {
        lead: () => this.#lead(),
        rest: () => this.#stop(),
        onInvalidation,
      });
  }

  /**
   * Replaces the stream by one for this context, its own or another tab's. Retries failures until `close`.
   */
  setContext(context: object): void {
    this.#stop();
    this.#context = context;
    // Another tab may lead for another user.
    this.#sharing?.stepDown();
    void this.#start(this.#generation);
  }

  close(): void {
    this.#stop();
    this.#sharing?.leave();
  }

  #lead(): void {
    this.#generation += 1;
    this.#backoff.cancel();
    this.#source?.close();
    void this.#connect(this.#context, this.#generation);
  }

  #stop(): void {
    this.#generation += 1;
    this.#backoff.reset();
    this.#source?.close();
    this.#source = undefined;
  }

  async #start(generation: number): Promise<void> {
    const sharing = this.#sharing;
    if (sharing === undefined) return this.#connect(this.#context, generation);
    const url = this.#options.url.replace(/\/+$/, '');
    const name = await withTimeout(REQUEST_TIMEOUT_MS, undefined, async () =>
      streamName(url, (await this.#options.headers?.()) ?? {}),
    ).catch(() => undefined);
    if (generation !== this.#generation) return;
    if (name === undefined) this.#reconnect(generation);
    else sharing.join(name);
  }

  #notify(invalidation: Invalidation): void {
    this.#sharing?.pass(invalidation);
    this.#onInvalidation(invalidation);
  }

  async #connect(context: object, generation: number): Promise<void> {
    const url = await withTimeout(REQUEST_TIMEOUT_MS, undefined, (signal) =>
      this.#requestTicket(context, signal),
    ).catch(() => undefined);
    if (generation !== this.#generation) return;
    const source = url === undefined ? undefined : this.#open(url);
    if (source === undefined) this.#reconnect(generation);
    else this.#addListeners(source, generation);
  }

  async #requestTicket(context: object, signal: AbortSignal): Promise<string | undefined> {
    const base = this.#options.url.replace(/\/+$/, '');
    const headers = { 'content-type': 'application/json', ...(await this.#options.headers?.()) };
    const body = JSON.stringify({ context });
    const init = { method: 'POST', headers, body, signal };
    const response = await this.#ports.fetch(`${base}/ofrep/v1/evaluate/flags`, init);
    return response.ok ? streamAddress(await response.json(), base) : undefined;
  }

  #open(url: string): EventSourceLike | undefined {
    try {
      return this.#ports.open(url);
    } catch {
      return undefined;
    }
  }

  #addListeners(source: EventSourceLike, generation: number): void {
    this.#source = source;
    source.addEventListener('open', () => {
      this.#backoff.reset();
      // Also on the first connect: the toggles may come from a gateway with an older state than this one.
      this.#notify({ kind: 'missed' });
    });
    source.addEventListener('message', ({ data }) => {
      const event = refetchIn(data);
      if (event !== undefined) this.#notify({ kind: 'changed', state: event.etag });
    });
    source.addEventListener('error', () => {
      // Before that the browser reconnects by itself; an expired ticket needs a new one.
      if (source.readyState === CLOSED && generation === this.#generation) this.#reconnect(generation);
    });
  }

  #reconnect(generation: number): void {
    // The cause, such as an expired token, may affect this tab only.
    this.#sharing?.stepDown();
    this.#backoff.schedule(() => void this.#start(generation));
  }
}

function streamAddress(body: unknown, base: string): string | undefined {
  const streams = (body as { readonly eventStreams?: unknown } | null)?.eventStreams;
  if (!Array.isArray(streams)) return undefined;
  for (const stream of streams as readonly Partial<StreamEntry>[]) {
    if (stream.type !== 'sse') continue;
    if (stream.url !== undefined) return new URL(stream.url, base).href;
    if (stream.endpoint) return new URL(stream.endpoint.requestUri, stream.endpoint.origin ?? base).href;
  }
  return undefined;
}

interface StreamEntry {
  readonly type: string;
  readonly url: string;
  readonly endpoint: { readonly requestUri: string; readonly origin?: string };
}

function refetchIn(data: unknown): { readonly etag: string | undefined } | undefined {
  try {
    const { type, etag } = JSON.parse(String(data)) as { readonly type?: unknown; readonly etag?: unknown };
    return type === 'refetchEvaluation' ? { etag: typeof etag === 'string' ? etag : undefined } : undefined;
  } catch {
    return undefined;
  }
}
