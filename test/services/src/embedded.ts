import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import { copyTemplate } from './template.js';

const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>;
};

/**
 * Puts an embedded database without any table where the store looks for one that belongs to `folder`: to make one takes five
 * seconds of processor time, to open a copy a third of one.
 */
export async function prepareEmbedded(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const name = `pglite-${dependencies['@electric-sql/pglite']}`;
  await copyTemplate({ name, user: undefined, make }, `${folder}/data`);
}

async function make(folder: string): Promise<void> {
  const database = await PGlite.create(folder);
  await database.close();
}
