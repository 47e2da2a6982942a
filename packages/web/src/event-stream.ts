/** Where the gateway's event stream is asked for. */
export interface EventSourceOptions {
  /** The gateway's address; `/ofrep/v1/evaluate/flags` is added. */
  readonly url: string;
  /**
   * Headers that say who asks: `Authorization` with the frontend token, `X-Rampart-Identity` with the user's JWT.
   * @default those that toggles are fetched with
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

const CLOSED = 2;

/** Least and most time before another attempt, in ms. */
const RETRY = { least: 1_000, most: 60_000 };

/**
 * Follows the gateway's OFREP event stream and calls back whenever flags may have changed: on its word, with what names the
 * state that it speaks of, and after every time that nothing could be heard.
 */
export class EventStream {
  readonly #options: Required<EventSourceOptions>;
  readonly #ports: EventStreamPorts;
  readonly #changed: (told?: string) => void;
  #source: EventSourceLike | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #attempt = 0;
  #turn = 0;
  #deaf = false;

  constructor(options: Required<EventSourceOptions>, ports: EventStreamPorts, changed: (told?: string) => void) {
    this.#options = options;
    this.#ports = ports;
    this.#changed = changed;
  }

  /** Asks for a stream of this context's, and leaves the former one's. A failure is tried again until `close`. */
  follow(context: object): void {
    this.close();
    void this.#connect(context, this.#turn);
  }

  close(): void {
    this.#turn += 1;
    this.#attempt = 0;
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = undefined;
  }

  async #connect(context: object, turn: number): Promise<void> {
    const url = await this.#ticket(context).catch(() => undefined);
    if (turn !== this.#turn) return;
    if (url === undefined) this.#again(context, turn);
    else this.#listen(url, context, turn);
  }

  async #ticket(context: object): Promise<string | undefined> {
    const base = this.#options.url.replace(/\/+$/, '');
    const headers = { 'content-type': 'application/json', ...(await this.#options.headers?.()) };
    const body = JSON.stringify({ context });
    const response = await this.#ports.fetch(`${base}/ofrep/v1/evaluate/flags`, { method: 'POST', headers, body });
    return response.ok ? streamAddress(await response.json(), base) : undefined;
  }

  #listen(url: string, context: object, turn: number): void {
    const source = this.#ports.open(url);
    this.#source = source;
    source.addEventListener('open', () => {
      this.#attempt = 0;
      if (this.#deaf) this.#changed();
      this.#deaf = false;
    });
    source.addEventListener('message', ({ data }) => {
      const event = refetchIn(data);
      if (event !== undefined) this.#changed(event.etag);
    });
    source.addEventListener('error', () => {
      this.#deaf = true;
      // Until then the browser tries by itself; a ticket that has expired needs a new one.
      if (source.readyState === CLOSED && turn === this.#turn) this.#again(context, turn);
    });
  }

  #again(context: object, turn: number): void {
    this.#deaf = true;
    const wait = Math.min(RETRY.most, RETRY.least * 2 ** this.#attempt) * (0.5 + this.#ports.random() / 2);
    this.#attempt += 1;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#connect(context, turn), wait);
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
