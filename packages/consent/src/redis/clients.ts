import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { RedisTarget } from './connection.js';
import { SCRIPTS } from './scripts.js';

/** Commands and messages travel on connections of their own; in a cluster one client has both. */
export interface RedisClients {
  readonly commands: Redis | Cluster;
  readonly subscriber: Redis | Cluster;
}

/** Longest time for a connection to come about, and to be greeted, in ms: a server may be frozen in between. */
const GREETING = 2_000;
/** Longest pause before the next attempt to connect, in ms. */
const LONGEST_PAUSE = 1_000;

const backoff = (attempt: number): number => Math.min(50 * 2 ** Math.min(attempt - 1, 10), LONGEST_PAUSE);

const COMMON = {
  autoResubscribe: true,
  // What timed out was answered otherwise by then.
  autoResendUnfulfilledCommands: false,
  commandTimeout: GREETING,
  connectTimeout: GREETING,
  maxRetriesPerRequest: 0,
  keyPrefix: '',
  stringNumbers: false,
  replyMapping: 'legacy',
} as const satisfies RedisOptions;

/**
 * Clients that begin to connect, and go on trying. They emit errors: listen.
 *
 * @param timeout longest wait for an answer of a single server, in ms
 */
export function openClients(target: RedisTarget, timeout: number): RedisClients {
  if (target.kind === 'cluster') {
    const cluster = new Cluster([...target.nodes], {
      ...target.options,
      shardedSubscribers: true,
      // Nodes connect at their first command, which has to wait for it.
      enableOfflineQueue: true,
      lazyConnect: false,
      clusterRetryStrategy: backoff,
      keyPrefix: '',
      scripts: scriptsOf(),
      redisOptions: { ...target.options.redisOptions, ...COMMON, lazyConnect: true },
    });
    return { commands: cluster, subscriber: cluster };
  }
  const options = {
    ...target.options,
    ...COMMON,
    // Also of the greeting.
    commandTimeout: timeout,
    lazyConnect: false,
    enableReadyCheck: true,
    enableOfflineQueue: false,
    retryStrategy: backoff,
    sentinelRetryStrategy: backoff,
    // Of a primary that became a replica the Sentinels know the successor.
    reconnectOnError: ({ message }) => target.options.sentinels !== undefined && message.startsWith('READONLY'),
  } satisfies RedisOptions;
  return { commands: new Redis({ ...options, scripts: scriptsOf() }), subscriber: new Redis(options) };
}

function scriptsOf(): Record<string, { lua: string; numberOfKeys: number }> {
  return Object.fromEntries(Object.entries(SCRIPTS).map(([name, lua]) => [name, { lua, numberOfKeys: 1 }]));
}

/** The connections to servers that a client holds, each its own client. */
export function serversOf(client: Redis | Cluster): readonly Redis[] {
  return client instanceof Cluster ? client.nodes('master') : [client];
}
