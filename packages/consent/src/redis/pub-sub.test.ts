import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PubSub } from './pub-sub.js';

/** A connection of which the test decides what arrives. */
class FakeClient extends EventEmitter {
  status = 'ready';
  readonly isCluster = false;
  readonly subscribe = vi.fn(() => Promise.resolve());
  readonly unsubscribe = vi.fn(() => Promise.resolve());
  readonly disconnect = vi.fn();
}

let client: FakeClient;
let path: 'whole' | 'lost' | 'refused' | 'forged';
let messages: PubSub;
const refused = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  client = new FakeClient();
  path = 'whole';
  messages = new PubSub({
    client: client as unknown as Redis,
    environment: 'production',
    refused,
    publish(channel, message) {
      if (path === 'whole') client.emit('message', channel, message);
      if (path === 'forged') client.emit('message', channel, 'something else');
      return Promise.resolve(path !== 'refused');
    },
  });
});
afterEach(() => {
  messages.close();
  vi.useRealTimers();
});

const ping = (milliseconds = 0) => vi.advanceTimersByTimeAsync(milliseconds);

describe('the delivery of messages', () => {
  it('is proven by a ping to itself', async () => {
    expect(messages.state()).toEqual({ connected: false, lostAt: performance.now() });
    messages.listen('log', () => {});
    await ping();
    expect(messages.state()).toEqual({ connected: true, lostAt: undefined });
  });

  it.each(['lost', 'refused', 'forged'] as const)(
    'is doubted when it is %s, since the last that arrived',
    async (how) => {
      messages.listen('log', () => {});
      await ping(2_000);
      const provenAt = performance.now();
      path = how;
      await ping(3_000);
      expect(messages.state()).toEqual({ connected: false, lostAt: provenAt });
      path = 'whole';
      await ping(1_500);
      expect(messages.state().connected).toBe(true);
    },
  );

  it('counts as lost when the connection closes, and is probed on the next one', async () => {
    messages.listen('log', () => {});
    await ping();
    client.emit('close');
    expect(messages.state().connected).toBe(false);
    client.emit('ready');
    await ping();
    expect(messages.state().connected).toBe(true);
  });

  it('is not probed without a listener', async () => {
    client.emit('ready');
    await ping(10_000);
    expect(client.subscribe).not.toHaveBeenCalled();
  });
});

describe('a connection', () => {
  it('without any message is replaced, and again if that doesn’t help', async () => {
    messages.listen('log', () => {});
    await ping(2_000);
    path = 'lost';
    await ping(4_000);
    expect(client.disconnect).not.toHaveBeenCalled();
    await ping(3_000);
    expect(client.disconnect).toHaveBeenCalledExactlyOnceWith(true);
    await ping(6_000);
    expect(client.disconnect).toHaveBeenCalledTimes(2);
  });

  it('is kept if Redis accepted no message', async () => {
    messages.listen('log', () => {});
    await ping(2_000);
    path = 'refused';
    await ping(60_000);
    expect(client.disconnect).not.toHaveBeenCalled();
  });

  it('whose subscription is refused is reported', async () => {
    const error = Object.assign(new Error('NOPERM'), { name: 'ReplyError' });
    client.subscribe.mockRejectedValueOnce(error);
    messages.listen('log', () => {});
    await ping();
    expect(refused).toHaveBeenCalledWith(error);
  });
});

describe('a listener', () => {
  it('receives messages of its channel only, until it unsubscribes', async () => {
    const heard = vi.fn();
    const [stop, stopOther] = [messages.listen('log', heard), messages.listen('log', heard)];
    client.emit('message', 'other', 'a');
    client.emit('message', 'log', 'b');
    expect(heard.mock.calls).toEqual([['b'], ['b']]);
    stop();
    stop();
    expect(client.unsubscribe).not.toHaveBeenCalled();
    client.emit('message', 'log', 'c');
    expect(heard).toHaveBeenCalledTimes(3);
    stopOther();
    expect(client.unsubscribe).toHaveBeenCalledExactlyOnceWith('log');
  });
});
