import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import { run } from './run.js';
import type { SystemUser } from './system-user.js';

/** A data folder that takes long to make and is the same every time. */
export interface Template {
  /** Names the program, its exact version and whatever else the contents depend on. */
  readonly name: string;
  /** Whom a copy belongs to. */
  readonly user: SystemUser | undefined;
  /** Fills the folder, which does not exist yet. */
  readonly make: (folder: string) => Promise<void>;
  /** Where originals are kept. @default below node_modules */
  readonly cache?: string;
}

const defaultCache = fileURLToPath(new URL('../../../node_modules/.cache/rampart-services', import.meta.url));

/** Puts a copy at `folder`, which must not exist, and where there is no original yet, makes it there and keeps a copy. */
export async function copyTemplate(template: Template, folder: string): Promise<void> {
  const { name, user, make, cache = defaultCache } = template;
  // What one user has made another one may not read.
  const original = `${cache}/${name}-${userInfo().username}`;
  if (!existsSync(original)) {
    await make(folder);
    await save(folder, original, cache);
    return;
  }
  await copy(original, folder);
  if (user) await run({ command: 'chown', args: ['-R', `${user.uid}:${user.gid}`, folder] });
}

/** Whole or not at all, whoever else does the same. Where it can't be kept, the next start is slower. */
async function save(folder: string, original: string, cache: string): Promise<void> {
  const partial = `${original}.${randomUUID()}`;
  try {
    await mkdir(cache, { recursive: true });
    await copy(folder, partial);
    await rename(partial, original);
  } catch {
    await rm(partial, { recursive: true, force: true }).catch(() => {});
  }
}

async function copy(from: string, to: string): Promise<void> {
  await run({ command: 'cp', args: ['-Rp', from, to] });
}
