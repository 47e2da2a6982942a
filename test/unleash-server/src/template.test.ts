import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadTemplate, saveTemplate } from './template.mjs';

let scratch: string;
let file: string;
const log = vi.fn<(line: string) => void>();

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'rampart-template-'));
  file = join(scratch, 'cache', 'template.tar.gz');
});
afterEach(async () => {
  log.mockClear();
  await rm(scratch, { recursive: true, force: true });
});

const tar = new TextEncoder().encode('a database, repeated, '.repeat(1_000));

test('what was saved is loaded; before that there is nothing', async () => {
  expect(await loadTemplate(file, log)).toBeUndefined();
  await saveTemplate(file, tar, log);
  expect(await loadTemplate(file, log)).toEqual(tar);
  expect(log).not.toHaveBeenCalled();
});

test('writers at the same time leave one whole file', async () => {
  await Promise.all([1, 2, 3, 4].map(() => saveTemplate(file, tar, log)));
  expect(await readdir(join(scratch, 'cache'))).toEqual(['template.tar.gz']);
  expect(await loadTemplate(file, log)).toEqual(tar);
});

test.each<[string, (whole: Buffer) => Buffer]>([
  ['cut off', (whole) => whole.subarray(0, whole.length / 2)],
  ['changed in one byte', (whole) => Buffer.from(whole.map((byte, at) => (at === whole.length - 6 ? ~byte : byte)))],
  ['empty', () => Buffer.alloc(0)],
])('a file that is %s counts as none and is removed', async (_, damage) => {
  await saveTemplate(file, tar, log);
  await writeFile(file, damage(await readFile(file)));
  expect(await loadTemplate(file, log)).toBeUndefined();
  expect(log).toHaveBeenCalledWith(expect.stringContaining('unusable'));
  expect(existsSync(file)).toBe(false);
});

test('a folder that cannot be written is only a warning', async () => {
  await writeFile(join(scratch, 'cache'), 'a file where the folder should be');
  await saveTemplate(file, tar, log);
  expect(log).toHaveBeenCalledWith(expect.stringContaining('could not be cached'));
  expect(await readdir(scratch)).toEqual(['cache']);
});
