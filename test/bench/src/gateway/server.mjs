import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const PROCESS = fileURLToPath(new URL('./server-process.mjs', import.meta.url));
/** In ms; an embedded database is made at the first start. */
const MOST_START = 60_000;

/**
 * Starts a server on a core of its own; the load client runs on the other. `processorTime` is in µs, since the start.
 *
 * @param {'our-gateway' | 'unleash-proxy' | 'bare-fastify'} kind
 * @returns {Promise<{ url: string, memory(): Promise<{ heapUsed: number, rss: number }>, processorTime(): Promise<number>, stop(): Promise<void> }>}
 */
export async function startServer(kind, options) {
  const node = [process.execPath, '--expose-gc', PROCESS, kind, JSON.stringify(options)];
  const child = spawn('taskset', ['--cpu-list', '0', ...node], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const { port } = await reply(child, MOST_START);
  return {
    url: `http://127.0.0.1:${port}`,
    memory() {
      child.send('memory');
      return reply(child, 10_000);
    },
    async processorTime() {
      child.send('processorTime');
      return (await reply(child, 10_000)).microseconds;
    },
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGKILL');
      }),
  };
}

async function reply(child, most) {
  const waiting = new AbortController();
  const { signal } = waiting;
  const ended = once(child, 'exit', { signal }).then(([code, by]) => {
    throw new Error(`the server ended with ${code ?? by}`);
  });
  const late = delay(most, undefined, { signal }).then(() => {
    throw new Error(`the server said nothing for ${most} ms`);
  });
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), ended, late]);
    return message;
  } finally {
    waiting.abort();
    await Promise.allSettled([ended, late]);
  }
}
