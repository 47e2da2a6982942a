import { Retry } from './retry.js';
import { type HeaderRecord, streamName } from './stream-name.js';
import { type News, type SharingPorts, StreamSharing } from './stream-sharing.js';
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

/** What the stream needs from outside. */
export interface EventStreamPorts {
  readonly fetch: typeof fetch;
  /** Opens a stream; `EventSource` of the browser. */
  readonly open: (url: string) => EventSourceLike;
  /** 0 to 1, so that not all pages come back in the same moment. */
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
 * Follows the gateway's OFREP event stream and calls back whenever flags may have changed: on its word, and whenever it has
 * begun to listen.
 */
export class EventStream {
  readonly #options: Required<EventSourceOptions>;
  readonly #ports: EventStreamPorts;
  readonly #changed: (news: News) => void;
  readonly #retry: Retry;
  readonly #sharing: StreamSharing | undefined;
  #source: EventSourceLike | undefined;
  #context: object = {};
  #turn = 0;

  constructor(options: Required<EventSourceOptions>, ports: EventStreamPorts, changed: (news: News) => void) {
    this.#options = options;
    this.#ports = ports;
    this.#changed = changed;
    this.#retry = new Retry(ports.random);
    this.#sharing =
      ports.sharing &&
      new StreamSharing(ports.sharing, {
        lead: () => this.#lead(),
        rest: () => this.#stop(),
        changed,
      });
  }

  /**
   * Asks for a stream of this context's, and leaves the former one's; or takes part in another tab's. A failure is tried again
   * until `close`.
   */
  follow(context: object): void {
    this.#stop();
    this.#context = context;
    // For another user another tab may lead.
    this.#sharing?.stepDown();
    void this.#start(this.#turn);
  }

  close(): void {
    this.#stop();
    this.#sharing?.leave();
  }

  #lead(): void {
    this.#turn += 1;
    this.#retry.cancel();
    this.#source?.close();
    void this.#connect(this.#context, this.#turn);
  }

  #stop(): void {
    this.#turn += 1;
    this.#retry.reset();
    this.#source?.close();
    this.#source = undefined;
  }

  async #start(turn: number): Promise<void> {
    const sharing = this.#sharing;
    if (sharing === undefined) return this.#connect(this.#context, turn);
    const url = this.#options.url.replace(/\/+$/, '');
    const name = await within(MOST_WAIT, undefined, async () =>
      streamName(url, (await this.#options.headers?.()) ?? {}),
    ).catch(() => undefined);
    if (turn !== this.#turn) return;
    if (name === undefined) this.#again(turn);
    else sharing.join(name);
  }

  #tell(news: News): void {
    this.#sharing?.pass(news);
    this.#changed(news);
  }

  async #connect(context: object, turn: number): Promise<void> {
    const url = await within(MOST_WAIT, undefined, (signal) => this.#ticket(context, signal)).catch(() => undefined);
    if (turn !== this.#turn) return;
    const source = url === undefined ? undefined : this.#open(url);
    if (source === undefined) this.#again(turn);
    else this.#listen(source, turn);
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

  #listen(source: EventSourceLike, turn: number): void {
    this.#source = source;
    source.addEventListener('open', () => {
      this.#retry.reset();
      // The first time as well: the toggles may come from a gateway that knew less than the one that answers here.
      this.#tell({ kind: 'missed' });
    });
    source.addEventListener('message', ({ data }) => {
      const event = refetchIn(data);
      if (event !== undefined) this.#tell({ kind: 'told', state: event.etag });
    });
    source.addEventListener('error', () => {
      // Until then the browser tries by itself; a ticket that has expired needs a new one.
      if (source.readyState === CLOSED && turn === this.#turn) this.#again(turn);
    });
  }

  #again(turn: number): void {
    // What keeps this tab from listening, a token that has expired say, need not keep the others.
    this.#sharing?.stepDown();
    this.#retry.schedule(() => void this.#start(turn));
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
