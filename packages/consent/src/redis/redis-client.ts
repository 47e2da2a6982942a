import type { Cluster, Redis } from 'ioredis';
import type { PushState } from '../shared-cache.js';
import { within } from '../within.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { connectionTargets, openClients } from './clients.js';
import { type RedisConnection, readConnection } from './connection.js';
import { PubSub } from './pub-sub.js';
import type { ScriptName } from './scripts.js';

/** Options of {@link openRedis}. */
export interface RedisClientOptions {
  readonly redis: RedisConnection;
  /** Name of the environment: environments share nothing. */
  readonly environment: string;
  /** Timeout of a command, in ms. @default 150 */
  readonly timeout?: number | undefined;
  /** Logs once when Redis becomes unreachable and when it is back, and once for each kind of error reply. */
  readonly logger?: { warn(message: string): void } | undefined;
}

/** A reply of Redis; undefined without one. */
export type RedisReply = string | number | null | readonly RedisReply[] | undefined;

/**
 * The connections of a process to Redis, shared by all its parts. No method rejects; while Redis is unreachable, replies are
 * undefined at once.
 */
export interface RedisClient {
  /** Runs one command; undefined after an error reply or a timeout. */
  send(command: string, ...args: (string | number)[]): Promise<RedisReply>;
  run(script: ScriptName, key: string, ...args: (string | number)[]): Promise<RedisReply>;
  /** Whether Redis accepted the message. */
  publish(channel: string, message: string): Promise<boolean>;
  /** Calls the listener for each message. In a cluster all channels share one slot. @returns unsubscribe */
  listen(channel: string, listener: (message: string) => void): () => void;
  /** Whether Redis answered last time. */
  isUsable(): boolean;
  push(): PushState;
  /** Closes the connections. Idempotent; leaves no timer or socket. */
  close(): Promise<void>;
}

const DEFAULT_TIMEOUT = 150;
/** A socket without an answer to its end is destroyed after 2 s. */
const CLOSE_TIMEOUT_MS = 3_000;
/** A connection without any reply for this time is replaced. */
const HALF_OPEN_TIMEOUT_MS = 4_000;

/**
 * Connects to Redis, and reconnects.
 *
 * @throws TypeError that names an invalid option and the fix
 */
export function openRedis(options: RedisClientOptions): RedisClient {
  const { timeout = DEFAULT_TIMEOUT, environment } = options;
  if (!(Number.isFinite(timeout) && timeout > 0)) throw new TypeError(`timeout = ${timeout}: use milliseconds above 0`);
  if (typeof environment !== 'string' || environment === '') {
    throw new TypeError('environment: name it, e.g. production');
  }
  return new IoredisClient(options, timeout);
}

class IoredisClient implements RedisClient {
  readonly #commands: Redis | Cluster;
  readonly #subscriber: Redis | Cluster;
  readonly #messages: PubSub;
  readonly #breaker: CircuitBreaker;
  readonly #timeout: number;
  readonly #warn: (message: string) => void;
  readonly #refusals = new Set<string>();
  #isDown = false;
  #answeredAt = performance.now();
  #closed = false;

  constructor({ redis, environment, logger }: RedisClientOptions, timeout: number) {
    const { commands, subscriber } = openClients(readConnection(redis), timeout);
    this.#commands = commands;
    this.#subscriber = subscriber;
    this.#timeout = timeout;
    this.#warn = (message) => logger?.warn(message);
    this.#breaker = new CircuitBreaker({ probe: () => this.#answers() });
    this.#messages = new PubSub({
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
    return this.#request(() => this.#commands.call(command, ...args) as Promise<RedisReply>);
  }

  run(script: ScriptName, ...args: (string | number)[]): Promise<RedisReply> {
    type Scripted = Record<ScriptName, (...args: (string | number)[]) => Promise<RedisReply>>;
    return this.#request(() => (this.#commands as unknown as Scripted)[script](...args));
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
    await Promise.all([...new Set([this.#commands, this.#subscriber])].map(waitForClose));
  }

  async #request(command: () => Promise<RedisReply>): Promise<RedisReply> {
    if (this.#closed || !this.isUsable()) return undefined;
    try {
      // A command to a cluster may be several commands to several servers, each with its own timeout.
      const reply = await (this.#commands.isCluster ? within(command(), this.#timeout) : command());
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
    const servers = connectionTargets(this.#commands);
    const answers = await Promise.all(servers.map((server) => isAnswering(server, this.#timeout)));
    const all = servers.length > 0 && !answers.includes(false);
    if (all) this.#recovered();
    else if (performance.now() - this.#answeredAt > HALF_OPEN_TIMEOUT_MS) {
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

  // Redis is reachable, so the next command may succeed.
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

async function waitForClose(client: Redis | Cluster): Promise<void> {
  // Between two connection attempts there is no socket.
  const isConnected = ['connecting', 'connect', 'ready', 'disconnecting'].includes(client.status);
  const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
  client.disconnect();
  if (isConnected) await within(ended, CLOSE_TIMEOUT_MS).catch(() => {});
}
