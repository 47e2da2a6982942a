import { fstatSync, futimesSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

// Runs in a worker thread, because a statement of the embedded database blocks the main thread.
const THREAD_SOURCE = `
  const { futimesSync } = require('node:fs');
  const { workerData } = require('node:worker_threads');
  let seconds = workerData.seconds;
  setInterval(() => {
    seconds += 2;
    try { futimesSync(workerData.fd, seconds, seconds); } catch {}
  }, workerData.heartbeatMs);
`;

/**
 * Changes a file's modification time every `heartbeatMs`. Each heartbeat adds two seconds, whatever the
 * clock does: a stopped clock stops no heartbeat, and coarse file systems store even seconds.
 *
 * @returns a function that stops it; afterwards the descriptor may be closed
 * @throws Error if the file system doesn't store modification times
 */
export async function startHeartbeat(fd: number, heartbeatMs: number): Promise<() => Promise<void>> {
  const seconds = Math.floor(Date.now() / 2_000) * 2;
  for (const value of [seconds - 4, seconds]) {
    futimesSync(fd, value, value);
    if (fstatSync(fd).mtimeMs !== value * 1_000) throw new Error('the modification time of the file cannot be set');
  }
  const worker = new Worker(THREAD_SOURCE, {
    eval: true,
    workerData: { fd, heartbeatMs, seconds },
    execArgv: [],
    env: {},
  });
  // A thread that ends stops the heartbeat: the lock may then be taken over, which its owner notices.
  worker.on('error', () => undefined);
  worker.unref();
  return async () => {
    await worker.terminate();
  };
}
