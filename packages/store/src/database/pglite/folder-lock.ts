import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type FileHandle, link, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../../api/store-error.js';
import { startHeartbeat } from './heartbeat.js';
import { type Owner, ownerState, processOwner } from './lock-owner.js';

/** Times of the lock, in milliseconds of each process's monotonic clock. */
export interface LockTimes {
  /** Time between two heartbeats of the owner. */
  readonly heartbeatMs: number;
  /** An owner in another pid namespace or on another host counts as dead after this time without a heartbeat. */
  readonly takeoverMs: number;
}

export const LOCK_TIMES: LockTimes = { heartbeatMs: 1_000, takeoverMs: 15_000 };

/** The lock of a folder, owned by this process until it is released or lost. */
export interface FolderLock {
  /**
   * Throws once the lock file is gone or names another owner: a process that was paused for longer than
   * `takeoverMs` may have lost it. Reads a file of 200 bytes, synchronously.
   *
   * @throws StoreError `locked`
   */
  requireOwned(): void;
  release(): Promise<void>;
}

const MAX_ATTEMPTS = 10;
const POLLS_PER_HEARTBEAT = 4;

/**
 * Locks a folder for this process. An owner of the same pid namespace that ended is replaced at once. Any other owner
 * is observed: a heartbeat refuses the lock, and after `takeoverMs` without one the lock is taken over.
 *
 * @throws StoreError `locked` with the owner's process id and host; `refused` on a file system that can't keep a lock
 */
export async function lockFolder(folder: string, times: LockTimes = LOCK_TIMES): Promise<FolderLock> {
  const path = join(resolve(folder), 'rampart.lock');
  const owner = processOwner();
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const file = await create(path, folder);
    if (file !== undefined) return acquired({ file, path, folder, owner }, times);
    const other = await readLock(path);
    if (other === undefined) continue;
    const state = other.owner === undefined ? 'unknown' : ownerState(other.owner);
    if (state === 'alive' || (state === 'unknown' && (await hasHeartbeat(path, other, times)))) {
      throw lockedError((await readLock(path))?.owner ?? other.owner, folder);
    }
    await removeStale(path, other);
  }
  throw new StoreError('locked', `${folder}: its lock file changed owners ${MAX_ATTEMPTS} times; try again`);
}

/** The content of a lock file. */
interface Lock {
  /** Undefined in an incomplete or foreign file. */
  readonly owner: Owner | undefined;
  readonly text: string;
  /** Each heartbeat changes it. */
  readonly mtimeMs: number;
}

/** Creates the file; undefined if it exists. Needs no hard links. */
async function create(path: string, folder: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'wx');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return undefined;
    const kind = code === 'EROFS' ? 'read_only' : 'refused';
    const message = `${folder}: cannot create its lock file (${code}); an embedded database needs a folder that this process may write`;
    throw new StoreError(kind, message, { cause: error });
  }
}

interface AcquiredLock {
  readonly file: FileHandle;
  readonly path: string;
  readonly folder: string;
  readonly owner: Owner;
}

async function acquired({ file, path, folder, owner }: AcquiredLock, { heartbeatMs }: LockTimes): Promise<FolderLock> {
  const text = JSON.stringify({ ...owner, host: hostname() });
  let stop: () => Promise<void> = async () => undefined;
  const release = async () => {
    // The heartbeat ends before the descriptor is closed, because the next file reuses its number.
    await stop();
    await file.close();
    if ((await readLock(path))?.text === text) await rm(path, { force: true });
  };
  try {
    await file.writeFile(text);
    stop = await startHeartbeat(file.fd, heartbeatMs);
  } catch (cause) {
    await release();
    const message = `${folder}: its file system keeps no lock (no modification times, or no space); use a local disk, or PostgreSQL`;
    throw new StoreError('refused', message, { cause });
  }
  return { requireOwned: () => requireLockText(path, text, folder), release };
}

function requireLockText(path: string, text: string, folder: string): void {
  let current: string | undefined;
  try {
    current = readFileSync(path, 'utf8');
  } catch {
    // The file was removed or its disk is unavailable: this process can't prove that it owns the folder.
  }
  if (current === text) return;
  const owner = parseOwner(current ?? '');
  const cause = owner === undefined ? 'its lock file is gone' : `${describeOwner(owner)} took it over`;
  throw new StoreError(
    'locked',
    `${folder} is no longer locked by this process: ${cause}, maybe while this process was paused; restart this process`,
  );
}

async function readLock(path: string): Promise<Lock | undefined> {
  try {
    // Opening first makes a network file system ask its server for the attributes.
    const text = await readFile(path, 'utf8');
    return { text, owner: parseOwner(text), mtimeMs: (await stat(path)).mtimeMs };
  } catch {
    return undefined;
  }
}

function parseOwner(text: string): (Owner & { readonly host?: string }) | undefined {
  try {
    const owner = JSON.parse(text) as Owner;
    return typeof owner?.pid === 'number' ? owner : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the lock file changes within `takeoverMs`, by this process's own clock alone. */
async function hasHeartbeat(path: string, first: Lock, { heartbeatMs, takeoverMs }: LockTimes): Promise<boolean> {
  const end = performance.now() + takeoverMs;
  while (performance.now() < end) {
    await sleep(heartbeatMs / POLLS_PER_HEARTBEAT);
    const lock = await readLock(path);
    // Released: the next attempt creates it.
    if (lock === undefined) return false;
    if (lock.text !== first.text || lock.mtimeMs !== first.mtimeMs) return true;
  }
  return false;
}

// Renamed first: of two processes that see the same stale lock only one renames it, and neither removes the other's new lock.
async function removeStale(path: string, stale: Lock): Promise<void> {
  if (!isSame(await readLock(path), stale)) return;
  const aside = `${path}.${randomUUID()}.stale`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  // Without hard links the owner of a wrongly renamed lock misses it and stops writing.
  if (!isSame(await readLock(aside), stale)) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

function isSame(lock: Lock | undefined, other: Lock): boolean {
  return lock?.text === other.text && lock.mtimeMs === other.mtimeMs;
}

function describeOwner({ pid, host }: { readonly pid: number; readonly host?: string }): string {
  return `process ${pid}${host === undefined ? '' : ` on host ${host}`}`;
}

function lockedError(owner: (Owner & { readonly host?: string }) | undefined, folder: string): StoreError {
  const self = processOwner();
  const isSelf = owner?.pid === self.pid && owner.space === self.space && owner.started === self.started;
  const other = owner === undefined ? 'another process' : describeOwner(owner);
  const name = isSelf ? 'this process already' : other;
  const elsewhere =
    isSelf || owner === undefined || owner.space === self.space ? '' : ' (another container or pid namespace)';
  return new StoreError(
    'locked',
    `${folder} is held by ${name}${elsewhere}: an embedded database belongs to one process; ask that one, end it, or use PostgreSQL`,
  );
}
