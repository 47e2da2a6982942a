/** What a request to the Frontend API asked. */
export interface Asked {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly context: { readonly userId?: string; readonly properties?: Readonly<Record<string, string>> };
}

/** How the double answers a request: toggles, a status, a whole response, or a failure of the network. */
export type Answer = readonly object[] | number | Response | Error;

/**
 * A DOUBLE of `fetch` that stands where a gateway stands. It answers by a function, at once or when it is told to; the real
 * gateway is in `test/browser`.
 */
export class FetchDouble {
  readonly asked: Asked[] = [];
  answer: (asked: Asked) => Answer;
  #held: (() => void)[] | undefined;

  constructor(answer: (asked: Asked) => Answer) {
    this.answer = answer;
  }

  /** Answers from now on wait for {@link release}; what they say was decided when they were asked. */
  hold(): void {
    this.#held ??= [];
  }

  /** Lets one that waits go, by the order of asking; without a number all of them and those to come. */
  release(index?: number): void {
    if (index !== undefined) {
      this.#held?.[index]?.();
      return;
    }
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const go of held) go();
  }

  /** Answers from now on come; those that wait never will, as when a connection hangs. */
  lose(): void {
    this.#held = undefined;
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const headers = Object.fromEntries(new Headers(init.headers));
    const { context = {} } = JSON.parse(typeof init.body === 'string' ? init.body : '{}') as Partial<Asked>;
    const asked = { url, headers, context };
    this.asked.push(asked);
    const answer = this.answer(asked);
    await this.#turn(init.signal);
    if (answer instanceof Error) throw answer;
    if (answer instanceof Response) return answer;
    if (typeof answer === 'number') return new Response(answer === 304 ? null : '{}', { status: answer });
    const body = JSON.stringify({ toggles: answer });
    return new Response(body, { status: 200, headers: { etag: JSON.stringify(body.length) } });
  };

  #turn(signal: AbortSignal | null | undefined): Promise<void> {
    const held = this.#held;
    if (held === undefined) return Promise.resolve();
    return new Promise((resolve, reject) => {
      held.push(resolve);
      signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
    });
  }
}

/** A toggle as Unleash lists it. */
export function plain(name: string, payload?: { readonly type: string; readonly value: string }): object {
  const variant = { name: payload ? 'v' : 'disabled', enabled: payload !== undefined, feature_enabled: true, payload };
  return { name, enabled: true, impressionData: false, variant };
}

/** A toggle of AI as the gateway lists it: open, with what is given. */
export function ai(name: string, decision: object = {}): object {
  const whole = { outcome: 'enabled', enabled: true, gate: 'open', feature: name, mode: 'suggestion', ...decision };
  const variant = { name: whole.enabled ? 'v1' : 'disabled', enabled: whole.enabled, feature_enabled: whole.enabled };
  return { name, enabled: whole.enabled, impressionData: false, variant, decision: whole };
}

/** Closed at a gate, with what there is to show. */
export const closed = (outcome: string, gate: string, more: object = {}): object => ({
  outcome,
  enabled: false,
  gate,
  mode: undefined,
  ...more,
});
