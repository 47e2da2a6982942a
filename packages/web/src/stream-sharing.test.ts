import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventSourceDouble } from '../test/event-source-double.js';
import { ANA, BO } from '../test/serve.js';
import { unshared } from './browser-sharing.js';
import { EventStream } from './event-stream.js';
import { type HeaderRecord, streamName } from './stream-name.js';
import type { Channel, Invalidation, SharingPorts } from './stream-sharing.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  EventSourceDouble.all.length = 0;
  vi.useRealTimers();
});

type Grant = () => Promise<void>;

/** DOUBLES of a browser's locks and channels, which all its tabs see; the real ones are in `test/browser`. */
class BrowserDouble {
  readonly #queues = new Map<string, Grant[]>();
  readonly #channels = new Map<string, Map<Channel, (event: MessageEvent) => void>>();

  readonly request = (async (name: string, { signal }: { signal: AbortSignal }, work: () => Promise<void>) => {
    const queue = this.#queues.get(name) ?? [];
    this.#queues.set(name, queue);
    return new Promise<void>((resolve, reject) => {
      const turn: Grant = async () => {
        await work();
        queue.shift();
        resolve();
        void queue[0]?.();
      };
      signal.addEventListener('abort', () => {
        const at = queue.indexOf(turn);
        if (at < 1) return;
        queue.splice(at, 1);
        reject(new DOMException('aborted', 'AbortError'));
      });
      queue.push(turn);
      if (queue.length === 1) queueMicrotask(() => void turn());
    });
  }) as unknown as SharingPorts['locks']['request'];

  readonly openChannel = (name: string): Channel => {
    const all = this.#channels.get(name) ?? new Map<Channel, (event: MessageEvent) => void>();
    this.#channels.set(name, all);
    const channel: Channel = {
      addEventListener: (_type, listener) => void all.set(channel, listener),
      postMessage: (data) => {
        for (const [other, hear] of all) if (other !== channel) hear({ data } as MessageEvent);
      },
      close: () => void all.delete(channel),
    };
    return channel;
  };
}

/** A token of a user, with claims that a renewal changes. */
const tokenOf = (sub: string, exp: number): string =>
  ['{"alg":"none"}', JSON.stringify({ exp, iat: exp - 1, sub }), 's']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');

function openTab(browser: BrowserDouble, user = 'ana', more: Partial<SharingPorts> = {}) {
  const page = { isVisible: true, changed: () => {}, frozen: () => {} };
  const news: Invalidation[] = [];
  let exp = 1_000;
  const headers = (): HeaderRecord => ({ authorization: 'k', 'X-Rampart-Identity': tokenOf(user, (exp += 1)) });
  let status = 200;
  const ports = {
    fetch: async () =>
      status === 200
        ? Response.json({ eventStreams: [{ type: 'sse', url: `/ofrep/v1/events?ticket=${user}` }] })
        : new Response('{}', { status }),
    open: (url: string) => new EventSourceDouble(url),
    random: () => 1,
    sharing: {
      locks: { request: browser.request },
      openChannel: browser.openChannel,
      page: {
        isVisible: () => page.isVisible,
        watch: (changed: () => void, frozen: () => void) => {
          Object.assign(page, { changed, frozen });
          return () => Object.assign(page, { changed: () => {}, frozen: () => {} });
        },
      },
      ...more,
    },
  };
  const stream = new EventStream({ url: 'http://gateway.test/', headers }, ports as never, (invalidation) =>
    news.push(invalidation),
  );
  stream.setContext(ANA);
  return {
    stream,
    news,
    show: (isVisible: boolean) => {
      page.isVisible = isVisible;
      page.changed();
    },
    freeze: () => page.frozen(),
    refuse: (code: number) => (status = code),
  };
}

const open = () => EventSourceDouble.all.filter(({ readyState }) => readyState !== 2);
const TOLD = JSON.stringify({ type: 'refetchEvaluation', etag: 'flags.7' });
// Hashes come from a thread of their own, which no fake clock moves.
const settle = async (ms = 0): Promise<void> => {
  for (let at = 0; at < 10; at += 1) {
    await vi.advanceTimersByTimeAsync(at === 0 ? ms : 0);
    await new Promise((resolve) => process.nextTick(resolve));
    await crypto.subtle.digest('SHA-256', new Uint8Array(1));
  }
};

describe('tabs of one browser', () => {
  it('share one stream and all receive its events', async () => {
    const browser = new BrowserDouble();
    const tabs = Array.from({ length: 9 }, () => openTab(browser));
    await settle();
    expect(open()).toHaveLength(1);
    open()[0]?.say('open');
    open()[0]?.say('message', TOLD);
    for (const { news } of tabs) expect(news).toEqual([{ kind: 'missed' }, { kind: 'changed', state: 'flags.7' }]);
  });

  it('elect another one when the tab that leads is closed, and miss nothing between', async () => {
    const browser = new BrowserDouble();
    const [first, second, third] = [openTab(browser), openTab(browser), openTab(browser)];
    await settle();
    first.stream.close();
    await settle();
    expect(open()).toHaveLength(1);
    open()[0]?.say('open');
    expect([second.news.at(-1), third.news.at(-1)]).toEqual([{ kind: 'missed' }, { kind: 'missed' }]);
    second.stream.close();
    third.stream.close();
    await settle();
    expect(open()).toHaveLength(0);
  });

  it('that can not be seen do not listen: after five seconds one that can be seen leads, or none', async () => {
    const browser = new BrowserDouble();
    const [first, second] = [openTab(browser), openTab(browser)];
    await settle();
    const [led] = open();
    first.show(false);
    await settle(4_999);
    expect(open()).toEqual([led]);
    await settle(1);
    expect([open().length, open()[0] === led]).toEqual([1, false]);
    second.show(false);
    await settle(5_000);
    expect(open()).toHaveLength(0);
    first.news.length = 0;
    first.show(true);
    await settle();
    expect([open().length, first.news]).toEqual([1, [{ kind: 'missed' }]]);
  });

  it('a frozen tab releases the lock at once', async () => {
    const browser = new BrowserDouble();
    const first = openTab(browser);
    openTab(browser);
    await settle();
    const [led] = open();
    first.freeze();
    await settle();
    expect([open().length, open()[0] === led]).toEqual([1, false]);
  });

  it('a tab that comes later asks once for what it may have missed', async () => {
    const browser = new BrowserDouble();
    openTab(browser);
    await settle();
    const late = openTab(browser);
    await settle();
    await settle(999);
    expect(late.news).toEqual([]);
    await settle(1);
    expect(late.news).toEqual([{ kind: 'missed' }]);
  });

  it('of two users never share, and a renewed token changes nothing', async () => {
    const browser = new BrowserDouble();
    const [ana, bo] = [openTab(browser), openTab(browser, 'bo')];
    await settle();
    expect(open().map(({ url }) => url.split('=')[1])).toEqual(['ana', 'bo']);
    open()[0]?.say('message', TOLD);
    expect([ana.news.length, bo.news.length]).toEqual([1, 0]);
    ana.stream.setContext(BO);
    openTab(browser);
    await settle();
    expect(open()).toHaveLength(2);
  });

  it('one that is refused a ticket lets another one lead', async () => {
    const browser = new BrowserDouble();
    const first = openTab(browser);
    first.refuse(401);
    openTab(browser);
    await settle();
    expect(open()).toHaveLength(1);
  });

  it('each tab has its own stream if locks are forbidden', async () => {
    const browser = new BrowserDouble();
    const forbidden = { request: () => Promise.reject(new DOMException('no', 'SecurityError')) };
    const first = openTab(browser, 'ana', { locks: forbidden as never });
    openTab(browser, 'ana', { locks: forbidden as never });
    await settle();
    expect(open()).toHaveLength(2);
    first.show(false);
    await settle(5_000);
    expect(open()).toHaveLength(1);
  });

  it('without locks a hidden tab closes its stream, and opens one when it is visible again', async () => {
    const { locks } = unshared({ isVisible: () => true, watch: () => () => {} });
    const tab = openTab(new BrowserDouble(), 'ana', { locks });
    await settle();
    expect(open()).toHaveLength(1);
    tab.show(false);
    await settle(5_000);
    expect(open()).toHaveLength(0);
    tab.news.length = 0;
    tab.show(true);
    await settle();
    expect([open().length, tab.news]).toEqual([1, [{ kind: 'missed' }]]);
  });
});

describe('the name that tabs share', () => {
  const name = (identity: string, url = 'https://gateway', key = 'k') =>
    streamName(url, { Authorization: key, 'x-rampart-identity': identity });
  it('differs by gateway, page and user, and holds no token', async () => {
    const one = await name(tokenOf('ana', 1));
    expect(await name(tokenOf('ana', 2))).toBe(one);
    const others = [
      name(tokenOf('bo', 1)),
      name('opaque'),
      name(tokenOf('ana', 1), 'https://b'),
      name('a.b.c', 'x', 'y'),
    ];
    expect(new Set([one, ...(await Promise.all(others))]).size).toBe(5);
    expect(one).toMatch(/^rampart-events-[0-9a-f]{64}$/);
  });
});
