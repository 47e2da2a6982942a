import { Retry } from './retry.js';
import { MOST_WAIT, within } from './within.js';

/** Where the gateway's event stream is asked for. */
export interface EventSourceOptions {
  /** The gateway's address; `/ofrep/v1/evaluate/flags` is added. */
  readonly url: string;
  /**
   * Headers that say who asks: `Authorization` with the frontend token, `X-Rampart-Identity` with the user's JWT.
   * @default the client's key, its `customHeaders`, and what `identity` gives; nothing that a `fetch` of its own adds
   */
  readonly headers?: (() => HeaderRecord | Promise<HeaderRecord>) | undefined;
}

export type HeaderRecord = Readonly<Record<string, string>>;

/** What the stream needs from outside. */
export interface EventStreamPorts {
  readonly fetch: typeof fetch;
  /** Opens a stream; `EventSource` of the browser. */
  readonly open: (url: string) => EventSourceLike;
  /** 0 to 1, so that not all pages come back in the same moment. */
  readonly random: () => number;
}

export interface EventSourceLike {
  readonly readyState: number;
  addEventListener(type: 'message' | 'open' | 'error', listener: (event: { readonly data?: unknown }) => void): void;
  close(): void;
}

/** Why flags may have changed. */
export type News =
  /** Somebody says so. The gateway names the state that it speaks of: another one that answers must not know less. */
  | { readonly kind: 'told'; readonly state?: string | undefined }
  /** Nobody was listening until now. */
  | { readonly kind: 'missed' };

const CLOSED = 2;

/**
 * Follows the gateway's OFREP event stream and calls back whenever flags may have changed: on its word, and whenever it has
 * begun to listen.
 */
export class EventStream {
  readonly #options: Required<EventSourceOptions>;
  readonly #ports: EventStreamPorts;
  readonly #changed: (news: News) => void;
  readonly #retry: Retry;
  #source: EventSourceLike | undefined;
  #turn = 0;

  constructor(options: Required<EventSourceOptions>, ports: EventStreamPorts, changed: (news: News) => void) {
    this.#options = options;
    this.#ports = ports;
    this.#changed = changed;
    this.#retry = new Retry(ports.random);
  }

  /** Asks for a stream of this context's, and leaves the former one's. A failure is tried again until `close`. */
  follow(context: object): void {
    this.close();
    void this.#connect(context, this.#turn);
  }

  close(): void {
    this.#turn += 1;
    this.#retry.reset();
    this.#source?.close();
    this.#source = undefined;
  }

  async #connect(context: object, turn: number): Promise<void> {
    const url = await within(MOST_WAIT, undefined, (signal) => this.#ticket(context, signal)).catch(() => undefined);
    if (turn !== this.#turn) return;
    const source = url === undefined ? undefined : this.#open(url);
    if (source === undefined) this.#again(context, turn);
    else this.#listen(source, context, turn);
  }

  async #ticket(context: object, signal: AbortSignal): Promise<string | undefined> {
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

  #listen(source: EventSourceLike, context: object, turn: number): void {
    this.#source = source;
    source.addEventListener('open', () => {
      this.#retry.reset();
      // The first time as well: the toggles may come from a gateway that knew less than the one that answers here.
      this.#changed({ kind: 'missed' });
    });
    source.addEventListener('message', ({ data }) => {
      const event = refetchIn(data);
      if (event !== undefined) this.#changed({ kind: 'told', state: event.etag });
    });
    source.addEventListener('error', () => {
      // Until then the browser tries by itself; a ticket that has expired needs a new one.
      if (source.readyState === CLOSED && turn === this.#turn) this.#again(context, turn);
    });
  }

  #again(context: object, turn: number): void {
    this.#retry.schedule(() => void this.#connect(context, turn));
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
