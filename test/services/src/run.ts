import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { SystemUser } from './system-user.js';

export interface Run {
  readonly command: string;
  readonly args: readonly string[];
  /** @default the user of this process */
  readonly user?: SystemUser | undefined;
  /** Added to a bare environment: PATH and the plain locale. */
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Standard input. */
  readonly input?: string;
}

/** Runs a program to its end and returns what it wrote. @throws Error with all that it wrote when it fails. */
export async function run({ command, args, user, env, cwd, input }: Run): Promise<string> {
  const running = promisify(execFile)(command, args, {
    env: { ...bareEnvironment(), ...env },
    maxBuffer: 64 * 1024 * 1024,
    ...(cwd === undefined ? {} : { cwd }),
    ...user,
  });
  // Programs need not read it.
  running.child.stdin?.on('error', () => {}).end(input ?? '');
  try {
    return (await running).stdout;
  } catch (cause) {
    const { stdout, stderr } = cause as { stdout?: string; stderr?: string };
    throw new Error([`${command} failed: ${String(cause)}`, stdout, stderr].filter(Boolean).join('\n'), { cause });
  }
}

/** Nothing of this process's environment in which a server or its tools would find options. */
export function bareEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' };
}
