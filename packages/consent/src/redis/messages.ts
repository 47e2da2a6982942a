import { randomUUID } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import type { PushState } from '../second-level.js';
import { channelOf } from './names.js';

/** Options of {@link Messages}. */
export interface MessagesOptions {
  readonly client: Redis | Cluster;
  readonly environment: string;
  /** Sends on the other connection. Whether Redis took it. */
  readonly publish: (channel: string, message: string) => Promise<boolean>;
  /** Told when Redis refuses to let us listen. */
  readonly refused: (error: Error) => void;
}

type Listener = (message: string) => void;

/** Milliseconds between two proofs that messages arrive, and between attempts while they don't. */
const BEAT = { connected: 2_000, lost: 250 };
/** Longest way of a message to ourselves, in ms. */
const ECHO = 1_000;
/** A connection that looks whole but brought nothing for so long is replaced, in ms. */
const HALF_OPEN = 4_000;

/**
 * Messages of other processes. That nothing fails doesn't mean that they arrive: a frozen server and a pulled cable say
 * nothing either. So a message to ourselves makes the same way every two seconds.
 */
export class Messages {
  readonly #client: Redis | Cluster;
  readonly #publish: MessagesOptions['publish'];
  readonly #refused: MessagesOptions['refused'];
  readonly #echoChannel: string;
  readonly #listeners = new Map<string, Set<Listener>>();
  #echo: { readonly text: string; readonly arrived: () => void } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #provenAt = performance.now();
  #replacedAt = performance.now();
  #connected = false;
  #closed = false;
  #beats = 0;

  constructor({ client, environment, publish, refused }: MessagesOptions) {
    this.#client = client;
    this.#publish = publish;
    this.#refused = refused;
    this.#echoChannel = channelOf(environment, `echo:${randomUUID()}`);
    client.on(client.isCluster ? 'smessage' : 'message', (channel: string, text: string) => this.#hear(channel, text));
    client.on('close', () => this.#lost());
    client.on('ready', () => this.#beatSoon(0));
  }

  listen(channel: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(channel) ?? new Set();
    const isNew = listeners.size === 0;
    // A listener that is given twice is called twice.
    const called: Listener = (text) => listener(text);
    this.#listeners.set(channel, listeners.add(called));
    if (isNew && this.#client.status === 'ready') this.#subscribe([channel]);
    if (this.#beats === 0) this.#beatSoon(0);
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

  #hear(channel: string, text: string): void {
    if (channel === this.#echoChannel) {
      if (text === this.#echo?.text) this.#echo.arrived();
      return;
    }
    for (const listener of this.#listeners.get(channel) ?? []) listener(text);
  }

  #beatSoon(delay: number): void {
    clearTimeout(this.#timer);
    if (this.#closed || this.#listeners.size === 0) return;
    this.#timer = setTimeout(() => void this.#beat(), delay);
    this.#timer.unref();
  }

  async #beat(): Promise<void> {
    const beat = ++this.#beats;
    if (!this.#connected && this.#client.status === 'ready') this.#subscribeAgain();
    const sentAt = performance.now();
    const echo = await this.#hearOurselves(String(beat));
    if (beat !== this.#beats || this.#closed) return;
    if (echo === 'arrived') {
      this.#connected = true;
      this.#provenAt = sentAt;
    } else this.#lost();
    if (echo === 'lost') this.#replaceOldConnection();
    this.#beatSoon(this.#connected ? BEAT.connected : BEAT.lost);
  }

  #hearOurselves(text: string): Promise<'arrived' | 'lost' | 'not_sent'> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve('lost'), ECHO);
      timer.unref();
      const settle = (echo: 'arrived' | 'not_sent'): void => {
        clearTimeout(timer);
        resolve(echo);
      };
      this.#echo = { text, arrived: () => settle('arrived') };
      void this.#publish(this.#echoChannel, text).then((taken) => taken || settle('not_sent'));
    });
  }

  #lost(): void {
    this.#connected = false;
  }

  // Redis takes what is sent, but what it sends doesn't arrive.
  #replaceOldConnection(): void {
    const now = performance.now();
    if (now - Math.max(this.#provenAt, this.#replacedAt) < HALF_OPEN) return;
    this.#replacedAt = now;
    this.#client.disconnect(true);
  }

  #subscribeAgain(): void {
    const channels = [this.#echoChannel, ...this.#listeners.keys()];
    // The client lists what is subscribed twice twice.
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
