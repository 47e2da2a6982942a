import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { aptInstall } from './installation.js';
import { missingOf, productNames } from './products.js';
import { run } from './run.js';

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'rampart-installation-'));
});
afterEach(async () => {
  await rm(scratch, { recursive: true, force: true });
});

/** Stands in for apt-get: writes down what it is asked, and whether another one was at work or a policy in force. */
const standIn = `#!/bin/sh
for word in "$@"; do case $word in install|update) action=$word;; esac; done
mkdir "$SCRATCH/busy" || echo overlap >> "$SCRATCH/said"
grep -q 'exit 101' "$SCRATCH/policy" && policy=denied || policy=allowed
echo "$action $policy $DEBIAN_FRONTEND" >> "$SCRATCH/said"
sleep 0.1
rmdir "$SCRATCH/busy"
[ "$action" != update ] || touch "$SCRATCH/updated"
[ "$action" != install ] || [ -e "$SCRATCH/updated" ] || { echo 'Unable to locate package'; exit 100; }
[ ! -e "$SCRATCH/broken" ] || { echo 'E: no space left'; exit 100; }
`;

describe('installing with apt-get', () => {
  const said = async () => (await readFile(join(scratch, 'said'), 'utf8')).trim().split('\n');
  const install = async (): Promise<void> => {
    const places = { lockFile: join(scratch, 'lock'), policyFile: join(scratch, 'policy') };
    const env = { PATH: `${scratch}:${process.env['PATH']}`, SCRATCH: scratch };
    await aptInstall(['one', 'two'], places, env);
  };
  beforeEach(async () => {
    await writeFile(join(scratch, 'apt-get'), standIn);
    await chmod(join(scratch, 'apt-get'), 0o755);
  });

  test('fetches the lists when they are missing, starts no server, and leaves no policy behind', async () => {
    await install();
    const once = (action: string) => `${action} denied noninteractive`;
    expect(await said()).toEqual([once('install'), once('update'), once('install')]);
    expect(existsSync(join(scratch, 'policy'))).toBe(false);
  });

  test('one at a time, whoever asks', async () => {
    await Promise.all([install(), install(), install()]);
    const lines = await said();
    expect(lines).not.toContain('overlap');
    expect(lines).toHaveLength(5);
    expect(new Set(lines.map((line) => line.split(' ')[1]))).toEqual(new Set(['denied']));
  });

  test("keeps a policy that isn't ours, and clears one of ours that was left behind", async () => {
    await writeFile(join(scratch, 'policy'), '#!/bin/sh\nexit 0\n');
    await install();
    expect(await readFile(join(scratch, 'policy'), 'utf8')).toBe('#!/bin/sh\nexit 0\n');
    expect((await said()).at(-1)).toContain('allowed');

    const script = await readFile(new URL('./apt-install.sh', import.meta.url), 'utf8');
    await writeFile(join(scratch, 'policy'), /# Made by .*\./.exec(script)?.[0] ?? '');
    await install();
    expect((await said()).at(-1)).toContain('denied');
    expect(existsSync(join(scratch, 'policy'))).toBe(false);
  });

  test('what apt-get says when it fails is in the error', async () => {
    await writeFile(join(scratch, 'broken'), '');
    await expect(install()).rejects.toThrow('E: no space left');
    expect(existsSync(join(scratch, 'policy'))).toBe(false);
  });
});

test('all products are there, and two processes that see to it at once agree', async () => {
  const script = new URL('./install.ts', import.meta.url).pathname;
  const see = () => run({ command: process.execPath, args: ['--import', 'tsx', script] });
  await Promise.all([see(), see()]);
  expect(missingOf(productNames)).toEqual([]);
});
