import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { run } from './run.js';
import { newFolder, removeFolder } from './server.js';
import type { SystemUser } from './system-user.js';

/** A data folder that takes long to make and is the same every time. */
export interface Template {
  /** Names the program, its exact version and whatever else the contents depend on. */
  readonly name: string;
  /** Whom it belongs to. */
  readonly user: SystemUser | undefined;
  /** Fills the folder, which does not exist yet. */
  readonly make: (folder: string) => Promise<void>;
}

const cache = fileURLToPath(new URL('../../../node_modules/.cache/rampart-services/', import.meta.url));

/** Puts a copy at `folder`, which must not exist. Only the first time makes the original, whoever else does the same. */
export async function copyTemplate(template: Template, folder: string): Promise<void> {
  const original = `${cache}${template.name}`;
  if (!existsSync(original)) await saveTemplate(template, original);
  await copy(original, folder);
  if (template.user) await run({ command: 'chown', args: ['-R', `${template.user.uid}:${template.user.gid}`, folder] });
}

async function saveTemplate({ user, make }: Template, original: string): Promise<void> {
  // Made elsewhere: the user may have no way into the cache.
  const scratch = await newFolder('template', user);
  const partial = `${original}.${randomUUID()}`;
  try {
    await make(`${scratch}/data`);
    await mkdir(cache, { recursive: true });
    await copy(`${scratch}/data`, partial);
    await rename(partial, original);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    // Another process was faster.
    if (!existsSync(original)) throw error;
  } finally {
    await removeFolder(scratch);
  }
}

async function copy(from: string, to: string): Promise<void> {
  await run({ command: 'cp', args: ['-Rp', from, to] });
}
