import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BackupStorage, backupWarning } from './backup-storage.js';
import { createRampart } from './create-rampart.js';

const contents = { version: 2, features: [] } as never;
const logger = { error: vi.fn(), warn: vi.fn(), info: vi.fn(), debug: vi.fn() };

let root: string;
beforeEach(async () => {
  vi.clearAllMocks();
  root = await mkdtemp(join(tmpdir(), 'rampart-backup-'));
  // A file where the folder should be: unwritable for root too, as a read-only file system is.
  await writeFile(join(root, 'file'), '');
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('a folder that cannot be written is one warning, and each save succeeds', async () => {
  const storage = new BackupStorage(join(root, 'file', 'flags'), logger);
  await storage.set('app', contents);
  await storage.set('app', contents);
  expect(await storage.get('app')).toBeUndefined();
  expect(logger.warn.mock.calls.flat()).toEqual([
    expect.stringMatching(/no backup of flags: .*flags cannot be written \(ENOTDIR\).*set TMPDIR/),
    expect.stringMatching(/the backup of flags in .* cannot be read \(ENOTDIR\)/),
  ]);
});

test('a backup that was cut short is a warning and no backup', async () => {
  await writeFile(join(root, 'unleash-backup-app.json'), '{"version":');
  expect(await new BackupStorage(root, logger).get('app')).toBeUndefined();
  expect(logger.warn).toHaveBeenCalledOnce();
});

test('a folder that was removed meanwhile is created again', async () => {
  const storage = new BackupStorage(join(root, 'flags'), logger);
  await storage.set('app', contents);
  await rm(join(root, 'flags'), { recursive: true });
  await storage.set('app', contents);
  expect(await storage.get('app')).toEqual(contents);
  expect(logger.warn).not.toHaveBeenCalled();
});

test('the check gives the same warning and creates nothing', async () => {
  expect(await backupWarning(join(root, 'file', 'flags'))).toMatch(/cannot be written \(ENOTDIR\)/);
  expect(await backupWarning(join(root, 'new', 'flags'))).toBeUndefined();
  expect(await readdir(root)).toEqual(['file']);
});

test('createRampart does not throw where temporary files cannot be written', async () => {
  vi.stubEnv('TMPDIR', join(root, 'file'));
  try {
    const rampart = createRampart({ unleash: { url: 'http://127.0.0.1:9/api', appName: 'a' }, logger });
    await rampart.close();
  } finally {
    vi.unstubAllEnvs();
  }
});
