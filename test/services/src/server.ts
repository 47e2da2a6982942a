import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFolder } from './folder.js';
import { freePort } from './free-port.js';
import { guardProcess, releaseProcess } from './guard.js';
import { continueTree, killTree, stateOf, stopTree } from './process-tree.mjs';
import { bareEnvironment } from './run.js';
import type { SystemUser } from './system-user.js';
import { until } from './until.js';

/** A server of its own, on 127.0.0.1, and what can befall it. */
export interface Server {
  readonly port: number;
  /** Private folder with its data and `log.txt`; removed by `stop`. */
  readonly folder: string;
  /** Its first process; undefined while killed. */
  readonly pid: number | undefined;
  /** SIGKILL to all its processes, frozen or not; the data stays. Resolves when they are gone. */
  kill(): Promise<void>;
  /** After `kill`: starts again on the same port and data, and resolves when it answers. Does nothing while it runs. */
  start(): Promise<void>;
  /** SIGSTOP to all its processes: connections stay open, new ones are accepted by the system, nothing is answered. */
  freeze(): Promise<void>;
  /** SIGCONT to all its processes. */
  thaw(): Promise<void>;
  /** Ends it and removes its folder. Can be called again. */
  stop(): Promise<void>;
}

/** How to run a server. */
export interface Program {
  /** For error messages. */
  readonly name: string;
  readonly command: string;
  readonly args: (port: number) => readonly string[];
  /** From `newFolder`. */
  readonly folder: string;
  readonly user?: SystemUser | undefined;
  /** Whether it answers by now; called again and again until it is true, and may throw instead of being false. */
  readonly answers: (port: number, pid: number) => Promise<boolean>;
  /** How it is asked to leave before it is killed. @default it is killed at once: its data is thrown away */
  readonly leaveBy?: NodeJS.Signals;
}

/** How long a server may take to answer, crash recovery included, and to leave; in milliseconds. */
const patience = { start: 60_000, leave: 5_000 };

/**
 * Starts it on a free port; takes another one when somebody else was faster.
 *
 * @throws Error with the end of the server's log if it does not start; its folder is removed then.
 */
export async function startServer(program: Program): Promise<Server> {
  try {
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      try {
        return control(program, port, await launch(program, port));
      } catch (error) {
        if (attempt === 5 || !isPortTaken(error)) throw error;
      }
    }
  } catch (error) {
    await removeFolder(program.folder);
    throw error;
  }
}

function control(program: Program, port: number, first: ChildProcess): Server {
  let child = first;
  let stopped = false;
  let starting: Promise<void> | undefined;
  const launchAgain = async (): Promise<void> => {
    if (stopped) throw new Error(`${program.name} on port ${port} was stopped and its data removed`);
    if (!isRunning(child)) child = await launch(program, port);
  };
  return {
    port,
    folder: program.folder,
    get pid() {
      return isRunning(child) ? child.pid : undefined;
    },
    async kill() {
      await starting?.catch(() => {});
      await killed(child);
    },
    start: () =>
      (starting ??= launchAgain().finally(() => {
        starting = undefined;
      })),
    async freeze() {
      const members = stopTree(pidOf(child, program.name));
      await until(() => members.every((pid) => stateOf(pid) !== 'running'), patience.leave);
    },
    async thaw() {
      continueTree(pidOf(child, program.name));
    },
    async stop() {
      stopped = true;
      await starting?.catch(() => {});
      if (program.leaveBy && isRunning(child)) await asked(child, program.leaveBy);
      await killed(child);
      await removeFolder(program.folder);
    },
  };
}

async function launch(program: Program, port: number): Promise<ChildProcess> {
  const logFile = join(program.folder, 'log.txt');
  // A file and no pipe: a server must not wait for a reader who is busy, or gone.
  const log = await open(logFile, 'a');
  const { size } = await log.stat();
  const child = spawnGuarded(program, port, log.fd);
  let problem: Error | undefined;
  child.once('error', (error) => {
    problem = error;
  });
  await log.close();
  const isAnswering = (): Promise<boolean> => program.answers(port, child.pid ?? 0).catch(() => false);
  const settled = await until(() => !isRunning(child) || isAnswering(), patience.start);
  if (settled && isRunning(child)) return child;
  await killed(child);
  const said = (await readFile(logFile)).subarray(size).toString('utf8').slice(-4_000);
  const why = problem?.message ?? (settled ? 'its process ended' : `no answer in ${patience.start} ms`);
  throw new Error(`${program.name} did not start on port ${port}: ${why}\n${said}`, { cause: problem });
}

function spawnGuarded({ command, args, folder, user }: Program, port: number, log: number): ChildProcess {
  const child = spawn(command, args(port), {
    cwd: folder,
    env: bareEnvironment(),
    // What ends the group of this process is left to the guard: it clears up as well.
    detached: true,
    stdio: ['ignore', log, log],
    ...user,
  });
  const { pid } = child;
  if (pid !== undefined) {
    guardProcess(pid);
    child.once('exit', () => releaseProcess(pid));
  }
  // Whoever forgets to stop a server still ends.
  child.unref();
  return child;
}

function isPortTaken(error: unknown): boolean {
  return error instanceof Error && /address already in use/i.test(error.message);
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

function pidOf(child: ChildProcess, name: string): number {
  if (child.pid === undefined || !isRunning(child)) throw new Error(`${name} is not running`);
  return child.pid;
}

async function asked(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  continueTree(pidOf(child, 'the server'));
  child.kill(signal);
  await until(() => !isRunning(child), patience.leave);
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || !isRunning(child)) return;
  const members = killTree(child.pid);
  await until(() => !isRunning(child) && members.every((pid) => stateOf(pid) === 'gone'), patience.leave);
}
