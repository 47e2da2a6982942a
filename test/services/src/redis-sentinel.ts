import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newFolder } from './folder.js';
import { requireFile } from './products.js';
import { type RedisServer, startRedis } from './redis.js';
import { answersAs, redisCommand } from './redis-command.js';
import { type Server, startServer } from './server.js';
import type { TcpAddress } from './tcp-proxy.js';
import { until } from './until.js';

export interface RedisSentinelOptions {
  /** @default 1 */
  readonly replicas?: number;
  /** More than half of them have to agree. @default 3 */
  readonly sentinels?: number;
  /**
   * How long a server is silent before a sentinel thinks that it is down. Under a second a busy machine brings failovers
   * that nobody asked for. In milliseconds.
   * @default 2000
   */
  readonly downAfter?: number;
}

/** A primary with replicas, watched by sentinels who make a replica the primary when the primary is down. */
export interface RedisSentinels {
  /** What ioredis takes as `sentinels`. */
  readonly sentinels: readonly TcpAddress[];
  /** What ioredis takes as `name`. */
  readonly name: string;
  /** Asked of the servers, not of the sentinels. What ioredis takes as `password`. */
  readonly password: string;
  /** All servers; first the one that was the primary at the start. */
  readonly servers: readonly RedisServer[];
  /** Who is the primary now, as most sentinels say. @throws Error when they don't agree within 10 s. */
  primary(): Promise<RedisServer>;
  /** SIGKILL to the primary. Returns it: its `start` brings it back, as a replica when another one has taken over. */
  killPrimary(): Promise<RedisServer>;
  stop(): Promise<void>;
}

/** In milliseconds. */
const patience = 30_000;

/** Starts them all. Resolves when each sentinel knows all others and every replica follows. */
export async function startSentinels(options: RedisSentinelOptions = {}): Promise<RedisSentinels> {
  const { replicas = 1, sentinels = 3, downAfter = 2_000 } = options;
  const name = 'rampart';
  const password = randomBytes(16).toString('hex');
  const everyone: Server[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(everyone.map((server) => server.stop()));
  };
  try {
    const first = await startRedis({ password });
    everyone.push(first);
    const settings = { replicaof: `127.0.0.1 ${first.port}` };
    const followers = await Promise.all(Array.from({ length: replicas }, () => startRedis({ password, settings })));
    everyone.push(...followers);
    const watch = [
      `sentinel monitor ${name} 127.0.0.1 ${first.port} ${Math.floor(sentinels / 2) + 1}`,
      `sentinel auth-pass ${name} ${password}`,
      `sentinel down-after-milliseconds ${name} ${downAfter}`,
      `sentinel failover-timeout ${name} ${downAfter * 5}`,
    ].join('\n');
    const watchers = await Promise.all(Array.from({ length: sentinels }, () => startSentinel(watch)));
    everyone.push(...watchers);
    const servers = [first, ...followers];
    await Promise.all(watchers.map(hurry));
    await known(watchers, name, { sentinels, replicas }, followers);
    const primary = (): Promise<RedisServer> => agreedPrimary(watchers, name, servers);
    return {
      sentinels: watchers.map(({ port }) => ({ host: '127.0.0.1', port })),
      name,
      password,
      servers,
      primary,
      async killPrimary() {
        const server = await primary();
        await server.kill();
        return server;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startSentinel(watch: string): Promise<Server> {
  const folder = await newFolder('sentinel');
  const file = join(folder, 'sentinel.conf');
  await writeFile(file, `bind 127.0.0.1\ndir ${folder}\n${watch}\n`, { mode: 0o600 });
  return startServer({
    name: 'Redis Sentinel',
    command: requireFile('redis', 'redis-server'),
    args: (port) => [file, '--sentinel', '--port', String(port)],
    folder,
    answers: (port, pid) => answersAs({ port }, pid),
  });
}

/** They introduce themselves and look around several times a second instead of every 2 and 10 s. */
async function hurry({ port }: Server): Promise<void> {
  const periods = ['publish-period', 250, 'info-period', 500, 'ask-period', 250];
  // Servers before Redis 7 can't be told; there everything takes its 2 and 10 s.
  await redisCommand({ port }, 'SENTINEL', 'DEBUG', ...periods).catch(() => {});
}

async function known(
  watchers: readonly Server[],
  name: string,
  expected: { readonly sentinels: number; readonly replicas: number },
  followers: readonly RedisServer[],
): Promise<void> {
  const all = async (): Promise<boolean> => {
    const states = await Promise.all(watchers.map(({ port }) => redisCommand({ port }, 'SENTINEL', 'MASTER', name)));
    const roles = await Promise.all(followers.map((server) => server.command('INFO', 'replication')));
    return (
      states.map(asRecord).every((state) => Number(state['num-other-sentinels']) === expected.sentinels - 1) &&
      states.map(asRecord).every((state) => Number(state['num-slaves']) === expected.replicas) &&
      roles.every((role) => String(role).includes('master_link_status:up'))
    );
  };
  if (!(await until(all, patience))) throw new Error(`the sentinels did not find each other within ${patience} ms`);
}

async function agreedPrimary(
  watchers: readonly Server[],
  name: string,
  servers: readonly RedisServer[],
): Promise<RedisServer> {
  let primary: RedisServer | undefined;
  const agreed = async (): Promise<boolean> => {
    const running = watchers.filter(({ pid }) => pid !== undefined);
    const answers = await Promise.all(
      running.map(({ port }) => redisCommand({ port }, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name).catch(() => [])),
    );
    const ports = answers.map((answer) => Number((answer as readonly string[])[1]));
    primary = servers.find(({ port }) => ports.filter((said) => said === port).length > watchers.length / 2);
    return primary !== undefined;
  };
  await until(agreed, 10_000);
  if (!primary) throw new Error('the sentinels do not agree on a primary');
  return primary;
}

/** Redis tells a record as names and values in turn. */
function asRecord(answer: unknown): Readonly<Record<string, string>> {
  const words = answer as readonly string[];
  return Object.fromEntries(words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1] ?? '']] : [])));
}
