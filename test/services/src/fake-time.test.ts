import { type ChildProcess, spawn } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { type FakeTime, withFakeTime } from './index.js';

let child: ChildProcess | undefined;
let time: FakeTime | undefined;
afterEach(async () => {
  child?.kill('SIGKILL');
  await time?.stop();
});

interface Clocks {
  /** Of its wall clock from ours, in seconds, rounded. */
  readonly off: number;
  /** What its monotonic clock shows, in seconds. */
  readonly monotonic: number;
}

test('the wall clock is moved while the process runs, both ways; the monotonic clock and timers go on', async () => {
  const clocks = await start({ offsetSeconds: -3600 });
  await expect.poll(() => clocks().off).toBe(-3600);
  for (const offset of [3600, 0, -0.5 * 3600]) {
    await time?.set(offset);
    await expect.poll(() => clocks().off).toBe(offset);
  }
  expect(clocks().monotonic).toBeGreaterThan(0);
  expect(clocks().monotonic).toBeLessThan(60);
});

test('the monotonic clock is moved too where that is wanted', async () => {
  const clocks = await start({ monotonic: true });
  await expect.poll(() => clocks().off).toBe(0);
  await time?.set(3600);
  await expect.poll(() => clocks().off).toBe(3600);
  expect(clocks().monotonic).toBeGreaterThanOrEqual(3600);
});

test('one file can move several, and is taken over as it is', async () => {
  const first = await withFakeTime({ command: 'node', args: [] }, { offsetSeconds: 60 });
  const clocks = await start({ file: first.file });
  await expect.poll(() => clocks().off).toBe(60);
  await first.set(120);
  await expect.poll(() => clocks().off).toBe(120);
  await expect(first.set(Number.NaN)).rejects.toThrow('not NaN');
  await first.stop();
});

async function start(options: Parameters<typeof withFakeTime>[1]): Promise<() => Clocks> {
  const report = 'setInterval(() => process.send([Date.now(), performance.now()]), 20)';
  time = await withFakeTime({ command: process.execPath, args: ['-e', report] }, options);
  let latest: Clocks = { off: Number.NaN, monotonic: Number.NaN };
  child = spawn(time.command, time.args, { env: time.env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  child.on('message', ([wall, monotonic]: [number, number]) => {
    latest = { off: Math.round((wall - Date.now()) / 1_000) + 0, monotonic: monotonic / 1_000 };
  });
  return () => latest;
}
