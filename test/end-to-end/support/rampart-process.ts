import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
}

/** `rampart` in a process of its own, made from the sources of all packages. */
export interface RampartProcess {
  readonly child: ChildProcess;
  /** What it has printed so far, errors too. */
  readonly said: () => string;
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
}

/** Starts one. @param folder where a file may be written that says where the sources are */
export function startRampart(args: readonly string[], environment: NodeJS.ProcessEnv, folder: string): RampartProcess {
  const tsconfig = join(folder, 'tsconfig.json');
  writeFileSync(tsconfig, JSON.stringify({ compilerOptions: { baseUrl: root, paths: sources() } }));
  const main = join(root, 'packages/cli/src/main.ts');
  return start(['--import', 'tsx', main, ...args], { HOME: folder, TSX_TSCONFIG_PATH: tsconfig, ...environment });
}

/** Starts the build of the command. It writes no temporary files of its own, as the loader of the sources does. */
export function startBuiltRampart(args: readonly string[], environment: NodeJS.ProcessEnv): RampartProcess {
  return start([join(root, 'packages/cli/dist/main.js'), ...args], environment);
}

function start(args: readonly string[], environment: NodeJS.ProcessEnv): RampartProcess {
  const env = { PATH: process.env['PATH'], ...environment };
  const child = spawn(process.execPath, args, { cwd: root, env });
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

function sources(): Record<string, readonly string[]> {
  const packages = readdirSync(join(root, 'packages')).flatMap((folder) => {
    const at = join('packages', folder);
    const { name, exports } = JSON.parse(readFileSync(join(root, at, 'package.json'), 'utf8')) as Manifest;
    return Object.entries(exports).flatMap(([entry, target]) => {
      if (typeof target === 'string') return [];
      const source = target.default.replace('./dist/', './src/').replace(/\.js$/, '.ts');
      return [[name + entry.slice(1), [join(at, source)]] as const];
    });
  });
  return Object.fromEntries(packages);
}
