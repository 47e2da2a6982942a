// @ts-check
// Outlives the process that started it by a moment: when that one is gone, however it went, so are its servers and folders.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { killTree, stateOf } from './process-tree.mjs';

/** @type {import('./guard.js').Belongings} */
let belongings = { pids: [], folders: [] };

createInterface(process.stdin)
  .on('line', (line) => {
    belongings = JSON.parse(line);
  })
  .on('close', () => void clear());

/** How long killed processes may take to go before their folders are removed under them, in milliseconds. */
const patience = 5_000;

async function clear() {
  const killed = belongings.pids.flatMap((pid) => killTree(pid));
  const deadline = Date.now() + patience;
  while (killed.some((pid) => stateOf(pid) !== 'gone') && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  for (const folder of belongings.folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
