import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { processTree, stateOf } from './process-tree.mjs';

interface Started {
  readonly pid: number;
  readonly folder: string;
}

let owner: ChildProcess | undefined;
afterEach(() => {
  owner?.kill('SIGKILL');
});

/** A process that starts two servers, freezes one, says what it has, and waits to be told how to end. */
const program = (first: string): string => `
import { startMariadb, startPostgres, startRedis } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
const servers = await Promise.all([${first}(), startRedis()]);
await servers[0].freeze();
process.on('message', (how) => {
  if (how === 'throw') setTimeout(() => { throw new Error('on purpose'); });
  if (how === 'leave') process.disconnect();
  if (how === 'exit') process.exit(3);
});
process.send(servers.map(({ pid, folder }) => ({ pid, folder })));
`;

test.each([
  ['SIGKILL', 'startPostgres'],
  ['SIGTERM', 'startMariadb'],
  ['throw', 'startRedis'],
  ['leave', 'startRedis'],
  ['exit', 'startRedis'],
])('whoever ends by %s leaves no server and no folder (%s)', async (how, first) => {
  owner = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program(first)], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const [started] = (await once(owner, 'message')) as [readonly Started[]];
  const members = started.flatMap(({ pid }) => processTree(pid));
  expect(members.length).toBeGreaterThanOrEqual(first === 'startPostgres' ? 5 : 2);
  expect(members.map(stateOf)).not.toContain('gone');
  expect(started.map(({ folder }) => existsSync(folder))).toEqual([true, true]);

  if (how.startsWith('SIG')) owner.kill(how as NodeJS.Signals);
  else owner.send(how);
  await once(owner, 'exit');
  await expect.poll(() => new Set(members.map(stateOf)), { timeout: 10_000 }).toEqual(new Set(['gone']));
  await expect.poll(() => started.map(({ folder }) => existsSync(folder))).toEqual([false, false]);
});
