/** How long a hidden tab keeps its stream open, in ms, so that a short switch to another tab costs no new stream. */
const HIDDEN_GRACE_MS = 5_000;

/** How long after joining a tab fetches what it may have missed, in ms, unless it leads: a leader fetches when its stream opens. */
const LATE_JOIN_MS = 1_000;

/** The parts of the browser that sharing needs. */
export interface SharingPorts {
  readonly locks: Pick<LockManager, 'request'>;
  readonly openChannel: (name: string) => Channel;
  readonly page: Visibility;
}

/** A `BroadcastChannel`. */
export interface Channel {
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
  postMessage(message: unknown): void;
  close(): void;
}

/** Whether the tab is visible, and when that changes. A frozen tab must not lead. */
export interface Visibility {
  readonly isVisible: () => boolean;
  /** @returns stops calling back */
  readonly watch: (changed: () => void, frozen: () => void) => () => void;
}

/** Why flags may have changed. */
export type Invalidation =
  /** They have changed. `state`: the gateway's revision; the response must be at least as new. */
  | { readonly kind: 'changed'; readonly state?: string | undefined }
  /** The stream was not connected, so events may have been missed. */
  | { readonly kind: 'missed' };

/** Callbacks of one tab. */
export interface SharingTab {
  /** Opens the stream for all tabs. */
  readonly lead: () => void;
  /** Closes the stream: another tab opens one, or no tab is visible. */
  readonly rest: () => void;
  readonly onInvalidation: (invalidation: Invalidation) => void;
}

/**
 * One event stream for all tabs of a browser that ask as the same user: over HTTP/1.1 a browser opens six connections to a
 * server, and each stream occupies one. The tab that holds a Web Lock leads: it opens the stream and forwards its events to the
 * others. Only visible tabs compete for the lock; the browser releases it when a tab is closed or crashes. When the leader
 * changes, and when a tab becomes visible again, events may have been missed: the tabs fetch again.
 */
export class StreamSharing {
  readonly #ports: SharingPorts;
  readonly #tab: SharingTab;
  #name: string | undefined;
  #channel: Channel | undefined;
  #unwatch: (() => void) | undefined;
  /** Cancels the request for the lock. */
  #waiting: AbortController | undefined;
  /** Releases the lock. */
  #release: (() => void) | undefined;
  #hiding: ReturnType<typeof setTimeout> | undefined;
  #joining: ReturnType<typeof setTimeout> | undefined;

  constructor(ports: SharingPorts, tab: SharingTab) {
    this.#ports = ports;
    this.#tab = tab;
  }

  /** Joins the tabs that use this name, and leaves those of the previous name. @param name equal for one user and gateway only */
  join(name: string): void {
    if (name !== this.#name) {
      this.leave();
      this.#name = name;
      this.#channel = this.#ports.openChannel(name);
      this.#channel.addEventListener('message', ({ data }) => {
        const invalidation = parseInvalidation(data);
        if (invalidation !== undefined) this.#tab.onInvalidation(invalidation);
      });
      this.#unwatch = this.#ports.page.watch(
        () => this.#look(),
        () => this.#rest(),
      );
      this.#joining = setTimeout(() => {
        if (this.#release === undefined) this.#tab.onInvalidation({ kind: 'missed' });
      }, LATE_JOIN_MS);
    }
    if (this.#ports.page.isVisible()) this.#compete();
  }

  /** Forwards an invalidation to the other tabs. */
  pass(invalidation: Invalidation): void {
    this.#channel?.postMessage(invalidation);
  }

  /** Lets another tab lead; this one competes again with the next `join`. */
  stepDown(): void {
    clearTimeout(this.#hiding);
    this.#waiting?.abort();
    this.#waiting = undefined;
    this.#release?.();
    this.#release = undefined;
  }

  leave(): void {
    this.stepDown();
    clearTimeout(this.#joining);
    this.#unwatch?.();
    this.#channel?.close();
    this.#name = this.#channel = this.#unwatch = undefined;
  }

  #look(): void {
    clearTimeout(this.#hiding);
    if (!this.#ports.page.isVisible()) {
      if (this.#release === undefined) this.stepDown();
      else this.#hiding = setTimeout(() => this.#rest(), HIDDEN_GRACE_MS);
    } else if (this.#release === undefined) {
      this.#tab.onInvalidation({ kind: 'missed' });
      this.#compete();
    }
  }

  #rest(): void {
    this.stepDown();
    this.#tab.rest();
  }

  #compete(): void {
    if (this.#name === undefined || this.#waiting !== undefined) return;
    const waiting = new AbortController();
    this.#waiting = waiting;
    const lead = (): Promise<void> => {
      if (waiting.signal.aborted) return Promise.resolve();
      this.#tab.lead();
      return new Promise((release) => {
        this.#release = release;
      });
    };
    this.#ports.locks.request(this.#name, { signal: waiting.signal }, lead).catch(() => {
      if (waiting.signal.aborted) return;
      // Where locks are forbidden, in a sandboxed frame say, each visible tab has its own stream.
      this.#release = () => {};
      this.#tab.lead();
    });
  }
}

function parseInvalidation(data: unknown): Invalidation | undefined {
  const { kind, state } = (data ?? {}) as { readonly kind?: unknown; readonly state?: unknown };
  if (kind === 'missed') return { kind };
  return kind === 'changed' ? { kind, state: typeof state === 'string' ? state : undefined } : undefined;
}
