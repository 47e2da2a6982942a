import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { copyTemplate } from './template.js';

let scratch: string;
let cache: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'rampart-template-'));
  cache = join(scratch, 'cache');
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

const make = vi.fn<(folder: string) => Promise<void>>(async (folder) => {
  await mkdir(join(folder, 'below'), { recursive: true });
  await writeFile(join(folder, 'below', 'file'), 'made');
});
afterEach(() => make.mockClear());

const template = (name: string) => ({ name, user: undefined, make, cache });
const made = (folder: string) => readFile(join(scratch, folder, 'below', 'file'), 'utf8');

test('is made once a name; every other start gets a copy of what was made, not of what became of it', async () => {
  await copyTemplate(template('one'), join(scratch, 'first'));
  await writeFile(join(scratch, 'first', 'below', 'file'), 'changed');
  await copyTemplate(template('one'), join(scratch, 'second'));
  expect(make).toHaveBeenCalledTimes(1);
  expect(await made('second')).toBe('made');
  await copyTemplate(template('two'), join(scratch, 'third'));
  expect(make).toHaveBeenCalledTimes(2);
});

test('makers at the same time leave one whole original', async () => {
  await Promise.all(['a', 'b', 'c'].map((folder) => copyTemplate(template('one'), join(scratch, folder))));
  expect(await readdir(cache)).toHaveLength(1);
  expect(await Promise.all(['a', 'b', 'c'].map(made))).toEqual(['made', 'made', 'made']);
  await copyTemplate(template('one'), join(scratch, 'd'));
  expect(make).toHaveBeenCalledTimes(3);
});

test('where nothing can be kept it is made each time; what fails while it is made is thrown', async () => {
  await writeFile(cache, 'a file where the folder should be');
  await copyTemplate(template('one'), join(scratch, 'a'));
  await copyTemplate(template('one'), join(scratch, 'b'));
  expect(make).toHaveBeenCalledTimes(2);
  make.mockRejectedValueOnce(new Error('no space'));
  await expect(copyTemplate(template('one'), join(scratch, 'c'))).rejects.toThrow('no space');
});
