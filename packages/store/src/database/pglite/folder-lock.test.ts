import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { prepareEmbedded } from '@rampart/services';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type LockTimes, lockFolder } from './folder-lock.js';
import { pglitePool } from './pool.js';

const TIMES: LockTimes = { heartbeatMs: 20, takeoverMs: 300 };
const PROGRAM = fileURLToPath(new URL('../../../test/folder-process.ts', import.meta.url));
const UNSHARE = ['--pid', '--fork', '--mount-proc', '--kill-child'];
const HAS_NAMESPACES = spawnSync('unshare', [...UNSHARE, 'true']).status === 0;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rampart-folder-lock-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true, force: true });
});

describe('the lock of a folder', () => {
  const lockFile = () => join(folder, 'rampart.lock');
  const otherSpace = { pid: 1, host: 'pod-7', space: 'pod-7 boot pid:[1]', token: 't' };

  test('another namespace: a heartbeat refuses, and names process and host', async () => {
    await writeFile(lockFile(), JSON.stringify(otherSpace));
    let seconds = 1_000;
    const heartbeat = setInterval(() => {
      seconds += 2;
      void utimes(lockFile(), seconds, seconds);
    }, 20);
    await expect(lockFolder(folder, TIMES)).rejects.toMatchObject({
      kind: 'locked',
      message: expect.stringMatching(/held by process 1 on host pod-7 \(another container or pid namespace\)/),
    });
    clearInterval(heartbeat);
  });

  test.each([
    ['names an owner of another namespace', JSON.stringify(otherSpace)],
    ['is empty: its process ended while it wrote', ''],
  ])('without a heartbeat for the takeover time it is taken over, not before; it %s', async (_, text) => {
    await writeFile(lockFile(), text);
    const start = performance.now();
    const lock = await lockFolder(folder, TIMES);
    expect(performance.now() - start).toBeGreaterThanOrEqual(TIMES.takeoverMs);
    lock.requireOwned();
    await lock.release();
    await expect(readFile(lockFile())).rejects.toThrow('ENOENT');
  });

  test('of several processes that take over one stale lock, one owns it', async () => {
    await writeFile(lockFile(), JSON.stringify(otherSpace));
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => lockFolder(folder, TIMES)));
    const locks = all.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
    expect(locks).toHaveLength(1);
    locks[0]?.requireOwned();
    await locks[0]?.release();
  });

  test.each([
    ['removed', () => rm(lockFile())],
    ['replaced', () => writeFile(lockFile(), JSON.stringify(otherSpace))],
    ['moved aside', () => rename(lockFile(), `${lockFile()}.aside`)],
  ])('an owner whose lock file was %s owns nothing, and releases nothing of others', async (change, lose) => {
    const lock = await lockFolder(folder, TIMES);
    await lose();
    expect(() => lock.requireOwned()).toThrow(/no longer locked by this process.*restart this process/);
    await lock.release();
    if (change === 'replaced') expect(await readFile(lockFile(), 'utf8')).toBe(JSON.stringify(otherSpace));
  });

  test('a blocked main thread keeps its heartbeat', async () => {
    const lock = await lockFolder(folder, TIMES);
    const before = statSync(lockFile()).mtimeMs;
    // The thread that beats needs a moment to start.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
    expect(statSync(lockFile()).mtimeMs).toBeGreaterThan(before);
    await lock.release();
  });

  test('a folder that takes no files is refused by name', async () => {
    await expect(lockFolder(join(folder, 'missing'), TIMES)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/missing: cannot create its lock file \(ENOENT\)/),
    });
  });
});

interface Child {
  readonly process: ChildProcess;
  /** The next event of that name, or of `refused`. */
  next(event: string): Promise<Event>;
  /** All that it has printed. */
  readonly events: Event[];
  readonly exited: Promise<unknown>;
}

interface Event {
  readonly event: string;
  readonly n?: number;
  readonly message?: string;
}

describe('containers on one volume', () => {
  const children: Child[] = [];
  beforeEach(() => prepareEmbedded(folder));
  afterEach(async () => {
    for (const { process } of children) process.kill('SIGKILL');
    await Promise.all(children.splice(0).map(({ exited }) => exited));
  });

  /** A process in a pid namespace of its own, where it has the process id 1. */
  function contain(name: string, writes: number, takeoverMs = 1_500): Child {
    const node = [process.execPath, '--import', 'tsx', PROGRAM, folder, name, String(writes), String(takeoverMs)];
    const child = spawn('unshare', [...UNSHARE, ...node], { stdio: ['ignore', 'pipe', 'inherit'] });
    const events: Event[] = [];
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => events.push(JSON.parse(line) as Event));
    const exited = Promise.all([once(child, 'exit'), once(lines, 'close')]);
    const contained: Child = {
      process: child,
      events,
      exited,
      next: (event) =>
        vi.waitUntil(() => events.find((one) => one.event === event || one.event === 'refused'), {
          timeout: 100_000,
          interval: 20,
        }),
    };
    children.push(contained);
    return contained;
  }

  async function recordedRows(): Promise<Set<string>> {
    const address = { engine: 'pglite', folder, redactedUrl: folder } as const;
    const pool = await pglitePool({ address, timeoutMs: 10_000 } as Parameters<typeof pglitePool>[0], TIMES);
    const { rows } = await (await pool.acquire()).query('select writer, n from opt_outs', []);
    await pool.close();
    return new Set(rows.map(({ writer, n }) => `${String(writer)} ${Number(n)}`));
  }

  const acknowledged = ({ events }: Child, name: string) =>
    events.filter(({ event }) => event === 'recorded').map(({ n }) => `${name} ${n}`);

  // Unprivileged users without user namespaces can't make a pid namespace; the tests above cover the lock itself.
  test.skipIf(!HAS_NAMESPACES)(
    'only one writes, and each of its 150 acknowledged writes stays',
    async () => {
      const first = contain('first', 150);
      const second = contain('second', 150);
      await Promise.all([first.exited, second.exited]);
      const refused = [first, second].filter(({ events }) => events.some(({ event }) => event === 'refused'));
      expect(refused).toHaveLength(1);
      expect(refused[0]?.events.at(-1)?.message).toMatch(
        /held by process 1 on host \S+ \(another container or pid namespace\)/,
      );
      const all = [...acknowledged(first, 'first'), ...acknowledged(second, 'second')];
      expect(all).toHaveLength(150);
      const rows = await recordedRows();
      expect(all.filter((row) => !rows.has(row))).toEqual([]);
    },
    60_000,
  );

  test.skipIf(!HAS_NAMESPACES)(
    'an owner that was paused and lost the folder writes nothing more',
    async () => {
      const paused = contain('paused', 1_000_000);
      await vi.waitUntil(() => paused.events.length > 20, { timeout: 100_000, interval: 5 });
      const inside = Number(readFileSync(`/proc/${paused.process.pid}/task/${paused.process.pid}/children`, 'utf8'));
      process.kill(inside, 'SIGSTOP');
      const second = contain('second', 150, 300);
      await second.exited;
      process.kill(inside, 'SIGCONT');
      await paused.exited;
      expect(paused.events.at(-1)).toMatchObject({ event: 'refused', kind: 'locked' });
      expect(acknowledged(second, 'second')).toHaveLength(150);
      const rows = await recordedRows();
      const all = [...acknowledged(paused, 'paused'), ...acknowledged(second, 'second')];
      expect(all.filter((row) => !rows.has(row))).toEqual([]);
    },
    60_000,
  );
});
