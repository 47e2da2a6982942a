import { randomUUID } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import type { PushState } from '../shared-cache.js';
import { channelOf } from './names.js';

/** Options of {@link PubSub}. */
export interface PubSubOptions {
  readonly client: Redis | Cluster;
  readonly environment: string;
  /** Publishes on the other connection. @returns whether Redis accepted the message */
  readonly publish: (channel: string, message: string) => Promise<boolean>;
  /** Called when Redis refuses a subscription. */
  readonly refused: (error: Error) => void;
}

type Listener = (message: string) => void;

/** Time between two pings while messages arrive, and while they don't. */
const HEARTBEAT_MS = { connected: 2_000, lost: 250 };
/** Timeout of a ping. */
const ECHO_TIMEOUT_MS = 1_000;
/** A connection without any message for this time is replaced. */
const HALF_OPEN_TIMEOUT_MS = 4_000;

/**
 * Publish and subscribe. A frozen server or an unplugged cable causes no error, so the process sends itself a ping through Redis
 * every two seconds.
 */
export class PubSub {
  readonly #client: Redis | Cluster;
  readonly #publish: PubSubOptions['publish'];
  readonly #refused: PubSubOptions['refused'];
  readonly #echoChannel: string;
  readonly #listeners = new Map<string, Set<Listener>>();
  #echo: { readonly text: string; readonly arrived: () => void } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #provenAt = performance.now();
  #replacedAt = performance.now();
  #connected = false;
  #closed = false;
  #pings = 0;

  constructor({ client, environment, publish, refused }: PubSubOptions) {
    this.#client = client;
    this.#publish = publish;
    this.#refused = refused;
    this.#echoChannel = channelOf(environment, `echo:${randomUUID()}`);
    client.on(client.isCluster ? 'smessage' : 'message', (channel: string, text: string) =>
      this.#onMessage(channel, text),
    );
    client.on('close', () => this.#lost());
    client.on('ready', () => this.#schedulePing(0));
  }

  listen(channel: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(channel) ?? new Set();
    const isNew = listeners.size === 0;
    // A listener that subscribes twice is called twice.
    const called: Listener = (text) => listener(text);
    this.#listeners.set(channel, listeners.add(called));
    if (isNew && this.#client.status === 'ready') this.#subscribe([channel]);
    if (this.#pings === 0) this.#schedulePing(0);
    return () => {
      listeners.delete(called);
      if (listeners.size > 0 || this.#listeners.get(channel) !== listeners) return;
      this.#listeners.delete(channel);
      this.#unsubscribe([channel]);
    };
  }

  state(): PushState {
    return { connected: this.#connected, lostAt: this.#connected ? undefined : this.#provenAt };
  }

  close(): void {
    this.#closed = true;
    this.#lost();
    clearTimeout(this.#timer);
  }

  #onMessage(channel: string, text: string): void {
    if (channel === this.#echoChannel) {
      if (text === this.#echo?.text) this.#echo.arrived();
      return;
    }
    for (const listener of this.#listeners.get(channel) ?? []) listener(text);
  }

  #schedulePing(delay: number): void {
    clearTimeout(this.#timer);
    if (this.#closed || this.#listeners.size === 0) return;
    this.#timer = setTimeout(() => void this.#ping(), delay);
    this.#timer.unref();
  }

  async #ping(): Promise<void> {
    const ping = ++this.#pings;
    if (!this.#connected && this.#client.status === 'ready') this.#subscribeAgain();
    const sentAt = performance.now();
    const echo = await this.#waitForEcho(String(ping));
    if (ping !== this.#pings || this.#closed) return;
    if (echo === 'arrived') {
      this.#connected = true;
      this.#provenAt = sentAt;
    } else this.#lost();
    if (echo === 'lost') this.#replaceOldConnection();
    this.#schedulePing(this.#connected ? HEARTBEAT_MS.connected : HEARTBEAT_MS.lost);
  }

  #waitForEcho(text: string): Promise<'arrived' | 'lost' | 'not_sent'> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve('lost'), ECHO_TIMEOUT_MS);
      timer.unref();
      const settle = (echo: 'arrived' | 'not_sent'): void => {
        clearTimeout(timer);
        resolve(echo);
      };
      this.#echo = { text, arrived: () => settle('arrived') };
      void this.#publish(this.#echoChannel, text).then((isAccepted) => isAccepted || settle('not_sent'));
    });
  }

  #lost(): void {
    this.#connected = false;
  }

  // Redis accepts commands, but its messages don't arrive.
  #replaceOldConnection(): void {
    const now = performance.now();
    if (now - Math.max(this.#provenAt, this.#replacedAt) < HALF_OPEN_TIMEOUT_MS) return;
    this.#replacedAt = now;
    this.#client.disconnect(true);
  }

  #subscribeAgain(): void {
    const channels = [this.#echoChannel, ...this.#listeners.keys()];
    // The cluster client lists a channel twice that is subscribed twice.
    if (this.#client.isCluster) this.#unsubscribe(channels);
    this.#subscribe(channels);
  }

  #subscribe(channels: readonly string[]): void {
    const { isCluster } = this.#client;
    void (isCluster ? this.#client.ssubscribe(...channels) : this.#client.subscribe(...channels)).catch(
      (error: Error) => {
        if (error.name === 'ReplyError') this.#refused(error);
      },
    );
  }

  #unsubscribe(channels: readonly string[]): void {
    const { isCluster } = this.#client;
    void (isCluster ? this.#client.sunsubscribe(...channels) : this.#client.unsubscribe(...channels)).catch(() => {});
  }
}
