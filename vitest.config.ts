import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
}

/** Tests read the sources, so that a change is tested without a build; the packed form has its own tests. */
const alias = readdirSync(new URL('./packages', import.meta.url)).flatMap((folder) => {
  const at = new URL(`./packages/${folder}/`, import.meta.url);
  const { name, exports } = JSON.parse(readFileSync(new URL('package.json', at), 'utf8')) as Manifest;
  return Object.entries(exports).flatMap(([entry, target]) => {
    if (typeof target === 'string') return [];
    const source = target.default.replace('./dist/', './src/').replace(/\.js$/, '.ts');
    return [{ find: new RegExp(`^${name}${entry.slice(1)}$`), replacement: fileURLToPath(new URL(source, at)) }];
  });
});

const CHAOS = 'test/chaos/src/chaos.test.ts';

/**
 * Unit tests that start nothing and replace nothing for the whole process. They share one module graph per worker, which is
 * four times as fast as loading it for each file.
 */
const NEEDS_OWN_PROCESS =
  /@rampart\/services|unleash-server|node:child_process|vi\.mock|useFakeTimers|stubGlobal|stubEnv|process\.env/;
const SHARED = readdirSync('packages').flatMap((folder) =>
  readdirSync(`packages/${folder}/src`, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `packages/${folder}/src/${file}`)
    .filter((file) => !NEEDS_OWN_PROCESS.test(readFileSync(file, 'utf8'))),
);

export default defineConfig({
  resolve: { alias },
  test: {
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // Servers keep most tests waiting, so two files run at once; chaos judges delays, so it has the machine to itself.
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: SHARED, isolate: false, maxWorkers: 2, sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'examples/*/src/**/*.test.ts'],
          exclude: ['**/node_modules/**', CHAOS, ...SHARED],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      { extends: true, test: { name: 'chaos', include: [CHAOS], maxWorkers: 1, sequence: { groupOrder: 2 } } },
    ],
  },
});
