import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ProcessOptions } from './protocol.js';

/** How a command is started, e.g. on a clock of its own. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** @default the environment of this process */
  readonly env?: NodeJS.ProcessEnv;
}

/** One process of the fleet. */
export interface Member<In, Out> {
  send(message: In): void;
  listen(listener: (message: Out) => void): void;
  /** Why it ended by itself; undefined while it runs. */
  ended(): string | undefined;
  /** SIGSTOP: it does nothing any more, and its connections stay open. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /** SIGKILL. Resolves when it is gone. */
  stop(): Promise<void>;
}

/** Options of {@link startMember}. */
export interface MemberOptions {
  readonly program: string;
  readonly options: ProcessOptions;
  /** What is really started. @default the command itself */
  readonly launch?: ((command: Launch) => Promise<Launch>) | undefined;
}

/** A promise that nothing catches ends the process, whatever an application would have done about it. */
const FLAGS = ['--enable-source-maps', '--unhandled-rejections=strict'];

/** Starts a process and waits until it is ready. @throws Error with what it wrote, when it ended instead. */
export async function startMember<In, Out>(member: MemberOptions): Promise<Member<In, Out>> {
  const { program, options, launch = async (command) => command } = member;
  const plain = { command: process.execPath, args: [...FLAGS, program, JSON.stringify(options)] };
  const { command, args, env = process.env } = await launch(plain);
  const child = spawn(command, args, { env, stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4_000);
  });
  await ready(child, () => `${program}: ${said}`);
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    ended: () => (isOver() ? `ended (${child.exitCode ?? child.signalCode}): ${said.trim().slice(0, 300)}` : undefined),
    send: (message) => child.send(message as object, () => {}),
    listen: (listener) => child.on('message', listener),
    freeze: () => child.kill('SIGSTOP'),
    thaw: () => child.kill('SIGCONT'),
    async stop() {
      if (isOver()) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function ready(child: ChildProcess, said: () => string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('message', () => resolve());
    child.once('exit', (code, signal) =>
      reject(new Error(`a process of the fleet ended (${code ?? signal}): ${said()}`)),
    );
  });
}
