import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** The process that owns a lock, as its lock file names it. */
export interface Owner {
  readonly pid: number;
  /** When the process started, on Linux: a process id is used again after a while. */
  readonly started?: string | undefined;
  /** Names the host, its boot and the pid namespace in which `pid` counts. Absent where it can't be known. */
  readonly space?: string | undefined;
  /** Names one lock. */
  readonly token: string;
}

/** This process as an owner, with a token of its own. */
export function processOwner(): Owner {
  return { pid: process.pid, started: processStart(process.pid), space: pidSpace(), token: randomUUID() };
}

/**
 * Whether an owner runs. `unknown`: it belongs to another pid namespace or host, where its process id names nothing
 * that this process can see.
 */
export function ownerState({ pid, started, space }: Owner): 'alive' | 'dead' | 'unknown' {
  const current = processStart(pid);
  // The same boot, the same process id and the same start: that process, also in a lock of an older version.
  if (started !== undefined && started === current) return 'alive';
  if (space === undefined || space !== pidSpace()) return 'unknown';
  if (!isRunning(pid)) return 'dead';
  return started === undefined || current === undefined ? 'alive' : 'dead';
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Only Linux has pid namespaces: elsewhere a host has one space of process ids. */
function pidSpace(): string | undefined {
  if (process.platform !== 'linux') return `${process.platform} ${hostname()}`;
  try {
    // A /proc of another namespace shows this process under another number; nothing in it can be used.
    if (Number(readlinkSync('/proc/self')) !== process.pid) return undefined;
    return `${hostname()} ${bootId()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}

/** Linux keeps when a process started, in ticks since the boot. */
function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return `${bootId()}/${ticks}`;
  } catch {
    return undefined;
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
