import { freePort } from './free-port.js';
import { type RedisServer, startRedis } from './redis.js';
import { until } from './until.js';

export interface RedisClusterOptions {
  /** @default 3 */
  readonly primaries?: number;
  /**
   * Of each primary. Without any, the slots of a primary that is killed are gone until it is started again.
   * @default 0
   */
  readonly replicas?: number;
  /**
   * Redis's `cluster-require-full-coverage`: whether the loss of some slots makes the cluster refuse all keys.
   * @default true, as in Redis
   */
  readonly requireFullCoverage?: boolean;
  /**
   * How long a server is silent before the others think that it is down. Under a second a busy machine brings failovers
   * that nobody asked for. In milliseconds.
   * @default 2000
   */
  readonly nodeTimeout?: number;
}

/** A Redis Cluster; each primary has an equal share of the slots, in order. */
export interface RedisCluster {
  /** First the primaries, then their replicas. */
  readonly nodes: readonly RedisServer[];
  /** SIGKILL to the server that was this primary at the start. Returns it: its `start` brings it back. @throws RangeError */
  killPrimary(index: number): Promise<RedisServer>;
  stop(): Promise<void>;
}

const slots = 16_384;

/** In milliseconds. */
const patience = 30_000;

/** Starts them all. Resolves when every server sees the whole cluster work. */
export async function startCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { primaries = 3, replicas = 0, requireFullCoverage = true, nodeTimeout = 2_000 } = options;
  const nodes: RedisServer[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
  };
  try {
    const start = async (): Promise<void> => {
      const settings = {
        'cluster-enabled': 'yes',
        'cluster-port': String(await freePort()),
        'cluster-node-timeout': String(nodeTimeout),
        'cluster-require-full-coverage': requireFullCoverage ? 'yes' : 'no',
      };
      nodes.push(await startRedis({ settings }));
    };
    await Promise.all(Array.from({ length: primaries * (1 + replicas) }, start));
    await join(nodes, primaries);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    nodes,
    async killPrimary(index) {
      const node = index < primaries ? nodes[index] : undefined;
      if (!node) throw new RangeError(`there are the primaries 0 to ${primaries - 1}, not ${index}`);
      await node.kill();
      return node;
    },
    stop,
  };
}

async function join(nodes: readonly RedisServer[], primaries: number): Promise<void> {
  const [first, ...others] = nodes;
  const busPorts = await Promise.all(nodes.map(busPortOf));
  for (const [at, node] of nodes.entries()) {
    // Each its own, before they meet: else they have to settle it among themselves.
    await node.command('CLUSTER', 'SET-CONFIG-EPOCH', at + 1);
    if (at < primaries) await node.command('CLUSTER', 'ADDSLOTS', ...slotsOf(at, primaries));
  }
  for (const [at, { port }] of others.entries()) {
    await first?.command('CLUSTER', 'MEET', '127.0.0.1', port, busPorts[at + 1] ?? 0);
  }
  await all(nodes, 'CLUSTER INFO', [`cluster_known_nodes:${nodes.length}\r`, 'cluster_state:ok\r']);
  const followers = nodes.slice(primaries);
  for (const [at, node] of followers.entries()) {
    await node.command('CLUSTER', 'REPLICATE', String(await nodes[at % primaries]?.command('CLUSTER', 'MYID')));
  }
  await all(followers, 'INFO replication', ['master_link_status:up\r']);
}

async function busPortOf(node: RedisServer): Promise<number> {
  const answer = (await node.command('CONFIG', 'GET', 'cluster-port')) as readonly string[];
  return Number(answer[1]);
}

function slotsOf(primary: number, primaries: number): readonly number[] {
  return Array.from({ length: slots }, (_, slot) => slot).filter(
    (slot) => Math.floor((slot * primaries) / slots) === primary,
  );
}

/** Until every node's answer has all these words. */
async function all(nodes: readonly RedisServer[], question: string, words: readonly string[]): Promise<void> {
  const [command = '', ...args] = question.split(' ');
  const agreed = async (): Promise<boolean> => {
    const answers = await Promise.all(nodes.map((node) => node.command(command, ...args)));
    return answers.every((answer) => words.every((word) => String(answer).includes(word)));
  };
  if (!(await until(agreed, patience))) throw new Error(`not within ${patience} ms: ${question} with ${words.join()}`);
}
