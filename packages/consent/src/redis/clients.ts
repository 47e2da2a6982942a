import { createRequire } from 'node:module';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type DataHandlerModule from 'ioredis/built/DataHandler.js';
import type { RedisTarget } from './connection.js';
import { SCRIPTS } from './scripts.js';

/** Commands and messages travel on connections of their own; in a cluster one client has both. */
export interface RedisClients {
  readonly commands: Redis | Cluster;
  readonly subscriber: Redis | Cluster;
}

/** Longest time for a connection to come about, and to be greeted, in ms: a server may be frozen in between. */
const HELLO_TIMEOUT_MS = 2_000;
/** Longest pause before the next attempt to connect, in ms. */
const MAX_RETRY_DELAY_MS = 1_000;

const backoff = (attempt: number): number => Math.min(50 * 2 ** Math.min(attempt - 1, 10), MAX_RETRY_DELAY_MS);

/** An option that ioredis hands on to every connection, those of a cluster too: it tells them from an application's own. */
const OWN = 'isRamparts';
const OWN_OPTION = { [OWN]: true } as RedisOptions;

const COMMON = {
  ...OWN_OPTION,
  // The client would start promises that no caller can catch; PubSub subscribes again by itself.
  autoResubscribe: false,
  // What timed out was answered otherwise by then.
  autoResendUnfulfilledCommands: false,
  commandTimeout: HELLO_TIMEOUT_MS,
  connectTimeout: HELLO_TIMEOUT_MS,
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
    const cluster = new CaughtCluster([...target.nodes], {
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
  return { commands: new CaughtRedis({ ...options, scripts: scriptsOf() }), subscriber: new CaughtRedis(options) };
}

type SendCommand = Redis['sendCommand'];

// A client sends commands of its own too, such as SELECT after a reconnect, and drops their promises: a rejection of one
// without a handler ends the process. Callers that await theirs get the rejection all the same.
function caught(command: Parameters<SendCommand>[0]): void {
  command.promise.catch(() => {});
}

class CaughtRedis extends Redis {
  override sendCommand(...[command, ...rest]: Parameters<SendCommand>): ReturnType<SendCommand> {
    caught(command);
    return super.sendCommand(command, ...rest);
  }
}

class CaughtCluster extends Cluster {
  override sendCommand(...[command, ...rest]: Parameters<Cluster['sendCommand']>): ReturnType<Cluster['sendCommand']> {
    caught(command);
    return super.sendCommand(command, ...rest);
  }
}

interface ReplyHandler {
  readonly redis: unknown;
  returnFatalError(error: Error): void;
}

// ioredis throws where nothing can catch it when SUBSCRIBE is answered by something else than Redis answers, such as null.
// For the clients here such a reply is a broken connection, which is replaced.
// Loaded as CommonJS: what an import of it gives as `default` differs between Node and other loaders.
const { default: DataHandler } = createRequire(import.meta.url)(
  'ioredis/built/DataHandler.js',
) as typeof DataHandlerModule;
const handler = DataHandler.prototype as unknown as {
  dispatch: (this: ReplyHandler, work: () => void) => void;
};
const dispatch = handler.dispatch;
handler.dispatch = function (work) {
  if ((this.redis as { readonly options?: object }).options?.[OWN as never] === undefined) {
    dispatch.call(this, work);
    return;
  }
  try {
    work();
  } catch (error) {
    this.returnFatalError(error as Error);
  }
};

function scriptsOf(): Record<string, { lua: string; numberOfKeys: number }> {
  return Object.fromEntries(Object.entries(SCRIPTS).map(([name, lua]) => [name, { lua, numberOfKeys: 1 }]));
}

/** The connections to servers that a client holds, each its own client. */
export function connectionTargets(client: Redis | Cluster): readonly Redis[] {
  return client instanceof Cluster ? client.nodes('master') : [client];
}
