import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** The owner of a lock, as written in its lock file. */
export interface Owner {
  readonly pid: number;
  /** Start of the process, on Linux: process ids are reused. */
  readonly started?: string | undefined;
  /** Identifies the host, its boot and the pid namespace of `pid`. Undefined if unknown. */
  readonly space?: string | undefined;
  /** Identifies one lock. */
  readonly token: string;
}

/** This process as the owner of a new lock. */
export function processOwner(): Owner {
  return { pid: process.pid, started: processStart(process.pid), space: pidSpace(), token: randomUUID() };
}

/**
 * Whether an owner runs. `unknown` in another pid namespace or on another host, whose processes this process can't see.
 */
export function ownerState({ pid, started, space }: Owner): 'alive' | 'dead' | 'unknown' {
  const current = processStart(pid);
  // Same boot, process id and start: the same process, also in a lock of an older version.
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

/** Identifies the pid namespace. Only Linux has several per host. */
function pidSpace(): string | undefined {
  if (process.platform !== 'linux') return `${process.platform} ${hostname()}`;
  try {
    // A /proc of another namespace shows this process under another id; its content is useless here.
    if (Number(readlinkSync('/proc/self')) !== process.pid) return undefined;
    return `${hostname()} ${bootId()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return undefined;
  }
}

/** Start of a process in ticks since the boot of Linux. */
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
