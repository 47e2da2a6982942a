import type { Cluster, Redis } from 'ioredis';
import type { PushState } from '../second-level.js';
import { within } from '../within.js';
import { Breaker } from './breaker.js';
import { openClients, serversOf } from './clients.js';
import { type RedisConnection, readConnection } from './connection.js';
import { Messages } from './messages.js';
import type { ScriptName } from './scripts.js';

/** Options of {@link openRedis}. */
export interface RedisLinkOptions {
  readonly redis: RedisConnection;
  /** Names the environment: nothing is shared between two of them. */
  readonly environment: string;
  /** Longest wait for an answer, in ms. @default 150 */
  readonly timeout?: number | undefined;
  /** Told once when Redis goes and when it comes back, and once of each kind of refusal. */
  readonly logger?: { warn(message: string): void } | undefined;
}

/** What Redis says; no answer is undefined. */
export type RedisReply = string | number | null | readonly RedisReply[] | undefined;

/**
 * The connections of a process to Redis, to be shared by all that need it. Nothing rejects; while Redis is known to be
 * gone, the answer is undefined at once.
 */
export interface RedisLink {
  /** One command; undefined when it was refused, or not answered in time. */
  send(command: string, ...args: (string | number)[]): Promise<RedisReply>;
  run(script: ScriptName, key: string, ...args: (string | number)[]): Promise<RedisReply>;
  /** Whether Redis took the message. */
  publish(channel: string, message: string): Promise<boolean>;
  /** Calls back for each message. Returns how to stop. In a cluster all channels share one slot. */
  listen(channel: string, listener: (message: string) => void): () => void;
  /** Whether commands are worth a try. */
  isUsable(): boolean;
  push(): PushState;
  /** Ends the connections. Idempotent; leaves no timer or socket. */
  close(): Promise<void>;
}

const DEFAULT_TIMEOUT = 150;
/** A socket whose other end is silent is cut after 2 s. */
const LONGEST_END = 3_000;
/** A connection that looks whole but brought nothing for so long is replaced, in ms. */
const HALF_OPEN = 4_000;

/**
 * Connects to Redis, and goes on trying.
 *
 * @throws TypeError when an option can't be used
 */
export function openRedis(options: RedisLinkOptions): RedisLink {
  const { timeout = DEFAULT_TIMEOUT, environment } = options;
  if (!(Number.isFinite(timeout) && timeout > 0)) throw new TypeError(`timeout = ${timeout}: use milliseconds above 0`);
  if (typeof environment !== 'string' || environment === '') {
    throw new TypeError('environment: name it, e.g. production');
  }
  return new IoredisLink(options, timeout);
}

class IoredisLink implements RedisLink {
  readonly #commands: Redis | Cluster;
  readonly #subscriber: Redis | Cluster;
  readonly #messages: Messages;
  readonly #breaker: Breaker;
  readonly #timeout: number;
  readonly #warn: (message: string) => void;
  readonly #refusals = new Set<string>();
  #isDown = false;
  #answeredAt = performance.now();
  #closed = false;

  constructor({ redis, environment, logger }: RedisLinkOptions, timeout: number) {
    const { commands, subscriber } = openClients(readConnection(redis), timeout);
    this.#commands = commands;
    this.#subscriber = subscriber;
    this.#timeout = timeout;
    this.#warn = (message) => logger?.warn(message);
    this.#breaker = new Breaker({ trial: () => this.#answers() });
    this.#messages = new Messages({
      client: subscriber,
      environment,
      publish: (channel, message) => this.publish(channel, message),
      refused: (error) => this.#refused(error),
    });
    commands.on('error', (error: Error) => this.#failed(error));
    commands.on('close', () => this.#failed(undefined));
    commands.on('ready', () => this.#recovered());
    if (subscriber !== commands) subscriber.on('error', () => {});
  }

  send(command: string, ...args: (string | number)[]): Promise<RedisReply> {
    return this.#ask(() => this.#commands.call(command, ...args) as Promise<RedisReply>);
  }

  run(script: ScriptName, ...args: (string | number)[]): Promise<RedisReply> {
    type Scripted = Record<ScriptName, (...args: (string | number)[]) => Promise<RedisReply>>;
    return this.#ask(() => (this.#commands as unknown as Scripted)[script](...args));
  }

  async publish(channel: string, message: string): Promise<boolean> {
    return (await this.send(this.#commands.isCluster ? 'spublish' : 'publish', channel, message)) !== undefined;
  }

  listen(channel: string, listener: (message: string) => void): () => void {
    return this.#messages.listen(channel, listener);
  }

  isUsable(): boolean {
    return !this.#breaker.isOpen && this.#commands.status === 'ready';
  }

  push(): PushState {
    return this.#messages.state();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#breaker.close();
    this.#messages.close();
    await Promise.all([...new Set([this.#commands, this.#subscriber])].map(endOf));
  }

  async #ask(question: () => Promise<RedisReply>): Promise<RedisReply> {
    if (this.#closed || !this.isUsable()) return undefined;
    try {
      // In a cluster one command may be several, to several servers, each with a time of its own.
      const reply = await (this.#commands.isCluster ? within(question(), this.#timeout) : question());
      this.#answeredAt = performance.now();
      return reply;
    } catch (error) {
      if ((error as Error).name === 'ReplyError') this.#refused(error as Error);
      else this.#failed(error as Error);
      return undefined;
    }
  }

  async #answers(): Promise<boolean> {
    if (this.#commands.status !== 'ready') return false;
    const servers = serversOf(this.#commands);
    const answers = await Promise.all(servers.map((server) => isAnswering(server, this.#timeout)));
    const all = servers.length > 0 && !answers.includes(false);
    if (all) this.#recovered();
    else if (performance.now() - this.#answeredAt > HALF_OPEN) {
      this.#answeredAt = performance.now();
      for (const [index, server] of servers.entries()) if (!answers[index]) server.disconnect(true);
    }
    return all;
  }

  #failed(error: Error | undefined): void {
    if (this.#closed) return;
    this.#breaker.open();
    if (this.#isDown) return;
    this.#isDown = true;
    this.#warn(`Redis can't be used (${reasonOf(error)}): going on without it`);
  }

  #recovered(): void {
    this.#answeredAt = performance.now();
    this.#breaker.close();
    this.#refusals.clear();
    if (this.#isDown) this.#warn('Redis can be used again');
    this.#isDown = false;
  }

  // Redis is there, so the next question may fare better.
  #refused({ message }: Error): void {
    this.#answeredAt = performance.now();
    const [kind = ''] = message.split(' ');
    if (this.#refusals.has(kind)) return;
    this.#refusals.add(kind);
    this.#warn(`Redis refuses: ${message}`);
  }
}

async function isAnswering(server: Redis, timeout: number): Promise<boolean> {
  return within(server.ping(), timeout).then(
    () => true,
    () => false,
  );
}

function reasonOf(error: Error | undefined): string {
  const ofNode = (error as { readonly lastNodeError?: Error } | undefined)?.lastNodeError;
  return (ofNode ?? error)?.message ?? 'connection closed';
}

async function endOf(client: Redis | Cluster): Promise<void> {
  // Between two attempts to connect there is no socket that could end.
  const isConnected = ['connecting', 'connect', 'ready', 'disconnecting'].includes(client.status);
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
  client.disconnect();
  if (isConnected) await within(ended, LONGEST_END).catch(() => {});
}
