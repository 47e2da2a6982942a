import type { EventSourceLike } from '../src/event-stream.js';

/** A DOUBLE of the browser's EventSource: it hears what a test says. The real one is in `test/browser`. */
export class EventSourceDouble implements EventSourceLike {
  static readonly all: EventSourceDouble[] = [];
  readyState = 0;
  readonly url: string;
  readonly #listeners: [string, (event: { readonly data?: unknown }) => void][] = [];

  constructor(url: string) {
    this.url = url;
    EventSourceDouble.all.push(this);
  }

  addEventListener(type: string, listener: (event: { readonly data?: unknown }) => void): void {
    this.#listeners.push([type, listener]);
  }

  close(): void {
    this.readyState = 2;
  }

  say(type: 'open' | 'message' | 'error', data?: unknown): void {
    for (const [known, listener] of this.#listeners) if (known === type) listener({ data });
  }

  /** As when the server answers anything but a stream: the browser gives up. */
  refuse(): void {
    this.readyState = 2;
    this.say('error');
  }
}
