import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareEmbedded } from '@rampart/services';
import { useMariadb, usePostgres } from '@rampart/services/vitest';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStore } from '../open-store.js';

const SECRET = randomBytes(24).toString('hex');
const program = fileURLToPath(new URL('../../test/migrate-process.ts', import.meta.url));
const postgres = usePostgres();
const mariadb = useMariadb();
const children: ChildProcess[] = [];

/** A process of its own that migrates and says the epoch; with `stay` it keeps the database open. */
async function migrateInProcess(
  database: string,
  stay = '',
): Promise<{ readonly child: ChildProcess; output: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, database, SECRET, stay], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let [output, complaint] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  if (!output.includes('\n') && child.exitCode === null) await once(child, 'exit');
  if (output === '') throw new Error(complaint);
  return { child, output: output.trim() };
}

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

describe.each([
  { name: 'PostgreSQL', server: postgres },
  { name: 'MariaDB', server: mariadb },
])('several processes on $name', ({ server }) => {
  test('migrate concurrently and agree on one log', async () => {
    const url = await server().newDatabase();
    const all = await Promise.all(Array.from({ length: 4 }, () => migrateInProcess(url)));
    expect(new Set(all.map(({ output }) => output)).size).toBe(1);
    const store = openStore({ database: url, secret: SECRET });
    expect((await store.verify()).ok).toBe(true);
    await store.close();
  });
});

describe('the folder of an embedded database', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rampart-lock-'));
    await prepareEmbedded(folder);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('belongs to one process, whose id is in the error of others, until it ends', async () => {
    const { child } = await migrateInProcess(folder, 'stay');
    const store = openStore({ database: { folder }, secret: SECRET });
    await expect(store.readLog(0, 1)).rejects.toMatchObject({
      kind: 'locked',
      message: expect.stringMatching(new RegExp(`held by process ${child.pid}.*one process`)),
    });
    child.kill('SIGKILL');
    await once(child, 'exit');
    // No answer is remembered, and what the dead one had locked is free.
    expect((await store.readLog(0, 1)).head).toBe(0);
    await store.apply({ kind: 'revive', id: 'k' }, { actor: 'a', reason: 'r' });
    const second = openStore({ database: { folder }, secret: SECRET });
    await expect(second.readLog(0, 1)).rejects.toMatchObject({
      kind: 'locked',
      message: expect.stringMatching(/this process/),
    });
    await store.close();
    expect((await second.readLog(0, 1)).head).toBe(1);
    await second.close();
    expect((await readdir(folder)).filter((name) => name.startsWith('rampart.lock'))).toEqual([]);
  });
});
