import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

/** What has to go when this process goes. */
export interface Belongings {
  readonly pids: readonly number[];
  readonly folders: readonly string[];
}

const pids = new Set<number>();
const folders = new Set<string>();
let guard: ChildProcess | undefined;

/** From now on the process and its descendants are killed when this process ends, even by SIGKILL. */
export function guardProcess(pid: number): void {
  pids.add(pid);
  tell();
}

/** The process has ended; its number may soon be another's. */
export function releaseProcess(pid: number): void {
  pids.delete(pid);
  tell();
}

/** From now on the folder is removed when this process ends, even by SIGKILL. */
export function guardFolder(folder: string): void {
  folders.add(folder);
  tell();
}

/** The folder has been removed. */
export function releaseFolder(folder: string): void {
  folders.delete(folder);
  tell();
}

function tell(): void {
  guard ??= startGuard();
  const belongings: Belongings = { pids: [...pids], folders: [...folders] };
  guard.stdin?.write(`${JSON.stringify(belongings)}\n`);
}

function startGuard(): ChildProcess {
  // In a session of its own: what ends the group of this process, Ctrl-C too, must not end the one that clears up.
  const child = spawn(process.execPath, [fileURLToPath(new URL('./guard-process.mjs', import.meta.url))], {
    detached: true,
    cwd: '/',
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  child.once('exit', () => {
    guard = undefined;
  });
  child.stdin?.on('error', () => {
    guard = undefined;
  });
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  return child;
}
