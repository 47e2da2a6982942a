import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ROOT } from './files.js';

/** A repository with the real script, and fakes of npm and of the tools that it runs. */
let fixtureRepo: string;

beforeEach(() => {
  fixtureRepo = mkdtempSync(join(tmpdir(), 'rampart-run-'));
  mkdirSync(join(fixtureRepo, 'node_modules', '.bin'), { recursive: true });
  cpSync(join(ROOT, 'scripts'), join(fixtureRepo, 'scripts'), { recursive: true });
  writeFileSync(join(fixtureRepo, 'package-lock.json'), '{}');
  writeFileSync(join(fixtureRepo, 'npm.cjs'), `require('node:fs').writeFileSync('installed', process.argv[2]);`);
  installedAt('node_modules/.package-lock.json', 1);
  tool('turbo', 'exit 0');
});

afterEach(() => rmSync(fixtureRepo, { recursive: true, force: true }));

/** Writes the record of an installation, so many seconds after the lock file. */
function installedAt(record: string, seconds: number): void {
  writeFileSync(join(fixtureRepo, record), '{}');
  const lock = Date.now() / 1000 - 100;
  utimesSync(join(fixtureRepo, 'package-lock.json'), lock, lock);
  utimesSync(join(fixtureRepo, record), lock + seconds, lock + seconds);
}

function tool(name: string, script: string): void {
  const at = join(fixtureRepo, 'node_modules', '.bin', name);
  writeFileSync(at, `#!/bin/sh\n${script}\n`);
  chmodSync(at, 0o755);
}

function start(...args: readonly string[]): { readonly child: ChildProcess; readonly output: () => string } {
  const child = spawn(process.execPath, ['scripts/run.mjs', ...args], {
    cwd: fixtureRepo,
    env: { ...process.env, npm_execpath: join(fixtureRepo, 'npm.cjs') },
  });
  let held = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (held += text.toString()));
  return { child, output: () => held };
}

async function run(...args: readonly string[]): Promise<{ readonly exit: unknown; readonly output: string }> {
  const { child, output } = start(...args);
  const [exit] = (await once(child, 'close')) as readonly unknown[];
  return { exit, output: output() };
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 10_000; !condition(); await sleep(20)) {
    if (Date.now() > end) throw new Error('waited for 10 s in vain');
  }
}

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('scripts/run.mjs', () => {
  it('runs the steps in order and hands the last one the arguments, each whole', async () => {
    tool('tsc', 'echo types');
    tool('tsx', 'echo servers');
    tool('vitest', 'for one in "$@"; do echo "<$one>"; done');
    expect(await run('test', '--only', 'a b')).toEqual({ exit: 0, output: 'types\nservers\n<run>\n<--only>\n<a b>\n' });
  });

  it('stops at the first step that fails, with its exit code', async () => {
    tool('tsc', 'exit 3');
    tool('vitest', 'echo never');
    expect(await run('test')).toEqual({ exit: 3, output: '' });
  });

  it('shows what the build said only if it fails, and then does nothing else', async () => {
    tool('turbo', 'echo a type error; exit 2');
    tool('tsc', 'echo never');
    expect(await run('test')).toEqual({ exit: 2, output: 'a type error\nrampart: building failed\n' });
  });

  it('names the tasks there are', async () => {
    expect(await run('constructor')).toMatchObject({ exit: 2, output: expect.stringContaining('test, lint') });
  });

  it.each([
    ['when nothing is installed', () => rmSync(join(fixtureRepo, 'node_modules/.package-lock.json'))],
    ['when the lock file is newer', () => installedAt('node_modules/.package-lock.json', -1)],
  ])('installs %s', async (_, arrange) => {
    tool('biome', 'exit 0');
    arrange();
    expect(await run('format')).toEqual({ exit: 0, output: '' });
    expect(existsSync(join(fixtureRepo, 'installed'))).toBe(true);
  });

  it('installs nothing otherwise', async () => {
    tool('biome', 'exit 0');
    await run('format');
    expect(existsSync(join(fixtureRepo, 'installed'))).toBe(false);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('leaves no process behind after %s', async (signal) => {
    tool('tsx', 'sleep 300 & echo "child $!"; wait');
    const { child, output } = start('demo');
    const pidOf = (): number => Number(/child (\d+)/.exec(output())?.[1]);
    await until(() => pidOf() > 0);
    child.kill(signal);
    child.kill(signal);
    const [exit] = (await once(child, 'close')) as readonly unknown[];
    expect(exit).toBe(signal === 'SIGINT' ? 130 : 143);
    await until(() => !alive(pidOf()));
  });

  it('leaves no process behind after a task that ended without its children', async () => {
    tool('tsx', 'sleep 300 >/dev/null 2>&1 & echo "child $!"');
    const { exit, output } = await run('demo');
    expect(exit).toBe(0);
    await until(() => !alive(Number(/child (\d+)/.exec(output)?.[1])));
  });

  it('ends what runs side by side when one of them ends, with its exit code', async () => {
    tool('tsc', 'sleep 300 & echo "child $!"; wait');
    tool('tsx', 'sleep 0.3; exit 4');
    const { exit, output } = await run('dev');
    expect(exit).toBe(4);
    await until(() => !alive(Number(/child (\d+)/.exec(output)?.[1])));
  });
});

describe('npm run nightly', () => {
  it('runs every long form, also after one failed, and ends with one table', async () => {
    tool('tsx', 'case "$1" in *chaos*) echo "3 faults were not survived"; exit 1;; *) echo "no request failed";; esac');
    tool('stryker', 'echo "mutation score 91.2"');
    mkdirSync(join(fixtureRepo, 'test/bench/src'), { recursive: true });
    writeFileSync(join(fixtureRepo, 'test/bench/src/soak.mjs'), `console.log('no errors');`);
    const { exit, output } = await run('nightly');
    expect(exit).toBe(1);
    for (const row of [
      /'chaos'.*'FAILED'.*'3 faults were not survived'/,
      /'fuzz'.*'passed'.*'no request failed'/,
      /'soak'.*'passed'.*'no errors'/,
      /'mutation'.*'passed'.*'mutation score 91.2'/,
    ])
      expect(output).toMatch(row);
    expect(readFileSync(join(fixtureRepo, 'reports/nightly/chaos.log'), 'utf8')).toBe('3 faults were not survived\n');
  });

  it('runs the named forms alone, and refuses a name that it does not know', async () => {
    tool('tsx', 'echo done');
    const { exit, output } = await run('nightly', 'fuzz');
    expect([exit, output.includes("'fuzz'"), output.includes("'soak'")]).toEqual([0, true, false]);
    expect(await run('nightly', 'fuss')).toMatchObject({
      exit: 2,
      output: expect.stringContaining('no form fuss; there are chaos'),
    });
  });
});
