import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { guardFolder, releaseFolder } from './guard.js';
import { run } from './run.js';
import type { SystemUser } from './system-user.js';

/** A new folder for one server, given to the user whom it runs as; it goes when this process goes. */
export async function newFolder(name: string, user?: SystemUser): Promise<string> {
  const folder = await mkdtemp(join(await spreadFolder(), `${name}-`));
  guardFolder(folder);
  if (user) await chown(folder, user.uid, user.gid);
  return folder;
}

/** Removes what `newFolder` made. */
export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  releaseFolder(folder);
}

let spread: Promise<string> | undefined;

/**
 * Where they all are. ext4 does not give the number of a removed file to a new one for minutes and searches past all of
 * them each time: after some starts and stops side by side, a start took 4 s. With `T` every folder has a region of its own.
 */
function spreadFolder(): Promise<string> {
  spread ??= (async () => {
    const folder = join(tmpdir(), `rampart-${userInfo().username}`);
    await mkdir(folder, { recursive: true, mode: 0o755 });
    // Other file systems, and macOS, have no such thing and no such trouble.
    await run({ command: 'chattr', args: ['+T', folder] }).catch(() => {});
    return folder;
  })();
  return spread;
}
