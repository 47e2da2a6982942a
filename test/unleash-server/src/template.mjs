// @ts-check
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

/** @type {typeof import('./template.mjs').loadTemplate} */
export async function loadTemplate(file, log) {
  if (!existsSync(file)) return undefined;
  try {
    // The checksum of gzip tells a damaged file.
    return new Uint8Array(await promisify(gunzip)(await readFile(file)));
  } catch (error) {
    log(`the cached database is unusable and will be made again: ${String(error)}`);
    await rm(file, { force: true });
    return undefined;
  }
}

/** @type {typeof import('./template.mjs').saveTemplate} */
export async function saveTemplate(file, tar, log) {
  const partial = `${file}.${randomUUID()}`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(partial, await promisify(gzip)(tar, { level: 1 }));
    await rename(partial, file);
  } catch (error) {
    log(`the migrated database could not be cached: ${String(error)}`);
    await rm(partial, { force: true }).catch(() => {});
  }
}
