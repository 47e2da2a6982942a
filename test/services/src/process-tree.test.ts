import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from 'vitest';
import { continueTree, killTree, processTree, stateOf, stopTree } from './process-tree.mjs';

let root: ChildProcess | undefined;
afterEach(() => {
  if (root?.pid !== undefined) killTree(root.pid);
});

/** A child, and a grandchild in a session of its own as PostgreSQL's backends are. Its name is made to mislead. */
const program = `
const { spawn } = require('node:child_process');
process.title = 'x) T 1 (';
const child = spawn('sleep', ['60'], { detached: true });
console.log(child.pid);
setInterval(() => {}, 1000);
`;

async function start(): Promise<readonly [number, number]> {
  root = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface(root.stdout as NodeJS.ReadableStream);
  const [line] = (await once(lines, 'line')) as [string];
  return [root.pid as number, Number(line)];
}

test('finds, stops, continues and kills all, sessions of their own included', async () => {
  const both = await start();
  const states = () => both.map(stateOf);
  expect(processTree(both[0])).toEqual(both);
  expect(states()).toEqual(['running', 'running']);
  expect(stopTree(both[0])).toEqual(both);
  await expect.poll(states).toEqual(['stopped', 'stopped']);
  continueTree(both[0]);
  await expect.poll(states).toEqual(['running', 'running']);
  stopTree(both[0]);
  expect(killTree(both[0])).toEqual(both);
  await expect.poll(states).toEqual(['gone', 'gone']);
});

test('who is gone is nobody', async () => {
  const both = await start();
  killTree(both[0]);
  await expect.poll(() => stateOf(both[0])).toBe('gone');
  expect(processTree(both[0])).toEqual([]);
  expect(stopTree(both[0])).toEqual([]);
  expect(killTree(both[0])).toEqual([]);
  continueTree(both[0]);
});
