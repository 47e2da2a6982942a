import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The programs of the fleet, as plain files that start at once. */
export interface Bundle {
  readonly reader: string;
  readonly writer: string;
  remove(): void;
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Bundles the programs from the sources of all packages, so that a change is tested without a build. */
export async function bundlePrograms(): Promise<Bundle> {
  const cache = join(root, 'node_modules', '.cache');
  await mkdir(cache, { recursive: true });
  // Below the packages' own dependencies, which stay outside the bundle.
  const outdir = await mkdtemp(join(cache, 'rampart-chaos-'));
  const remove = (): void => {
    process.off('exit', remove);
    rmSync(outdir, { recursive: true, force: true });
  };
  process.once('exit', remove);
  await build({
    entryPoints: ['reader', 'writer'].map((name) => fileURLToPath(new URL(`./${name}.ts`, import.meta.url))),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: 'inline',
    packages: 'external',
    alias: sources(),
    logLevel: 'error',
  });
  return {
    reader: join(outdir, 'reader.mjs'),
    writer: join(outdir, 'writer.mjs'),
    remove,
  };
}

function sources(): Record<string, string> {
  const packages = readdirSync(join(root, 'packages')).flatMap((folder) => {
    const at = join(root, 'packages', folder);
    const { name, exports } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as Manifest;
    return Object.entries(exports).flatMap(([entry, target]) => {
      if (typeof target === 'string') return [];
      const source = target.default.replace('./dist/', './src/').replace(/\.js$/, '.ts');
      return [[name + entry.slice(1), join(at, source)] as const];
    });
  });
  return Object.fromEntries(packages);
}
