import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** `rampart` in a process of its own. */
export interface RampartProcess {
  readonly child: ChildProcess;
  /** What it has printed so far, errors too. */
  readonly said: () => string;
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
}

/** Starts one, as it was built. */
export function startRampart(args: readonly string[], environment: NodeJS.ProcessEnv): RampartProcess {
  const env = { PATH: process.env['PATH'], ...environment };
  const child = spawn(process.execPath, [join(root, 'packages/cli/dist/main.js'), ...args], { cwd: root, env });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  const ended = new Promise<number | string | null>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
  return { child, said: () => said, ended };
}
