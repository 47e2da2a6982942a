import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { StoreError } from './store-error.js';

interface Owner {
  readonly pid: number;
  /** When the process started, where the system tells: a pid is used again after a while. */
  readonly started: string | undefined;
  /** Names one opening of the folder. */
  readonly token: string;
}

const mine = new Set<string>();

/**
 * Takes a folder for this process. A lock whose process is gone is taken over.
 *
 * @returns what gives it back
 * @throws StoreError `locked` that names the owner
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(resolve(folder), 'rampart.lock');
  const owner: Owner = { pid: process.pid, started: startOf(process.pid), token: randomUUID() };
  // Written aside and linked, which fails where a lock is: nobody ever reads half a lock.
  const draft = `${path}.${owner.token}`;
  await writeFile(draft, JSON.stringify(owner));
  try {
    for (let attempt = 0; attempt < 10; attempt++) {
      if (await linked(draft, path)) return () => unlock(path, owner.token);
      const other = await ownerOf(path);
      if (other !== undefined && isAlive(other)) throw lockedBy(other, folder);
      if (other !== undefined) await removeStale(path, other);
    }
    throw new StoreError('locked', `${folder}: its lock file keeps changing hands; try again`);
  } finally {
    await rm(draft, { force: true });
  }
}

async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    mine.add(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function unlock(path: string, token: string): Promise<void> {
  if ((await ownerOf(path))?.token === token) await rm(path, { force: true });
  mine.delete(path);
}

async function ownerOf(path: string): Promise<Owner | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Owner;
  } catch {
    return { pid: 0, started: undefined, token: '' };
  }
}

// Moved aside first: of two that find the same stale lock only one moves it, and neither removes the other's new one.
async function removeStale(path: string, stale: Owner): Promise<void> {
  const aside = `${path}.${randomUUID()}.stale`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const moved = await ownerOf(aside);
  if (moved?.token !== stale.token) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

function isAlive({ pid, started }: Owner): boolean {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const now = startOf(pid);
  return started === undefined || now === undefined || now === started;
}

/** Linux tells when a process started, in ticks since it booted, and which boot that was. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${ticks}`;
  } catch {
    return undefined;
  }
}

function lockedBy({ pid }: Owner, folder: string): StoreError {
  const who = pid === process.pid ? 'this process already' : `process ${pid}`;
  return new StoreError(
    'locked',
    `${folder} is held by ${who}: an embedded database belongs to one process; ask that one, end it, or use PostgreSQL`,
  );
}
