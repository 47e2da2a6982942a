import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const packageNames: Record<string, string> = { provider: 'openfeature-provider' };

/** Tests read the sources, so that a change is tested without a build; the packed form has its own tests. */
const alias = readdirSync(new URL('./packages', import.meta.url)).map((folder) => ({
  find: `@rampart/${packageNames[folder] ?? folder}`,
  replacement: fileURLToPath(new URL(`./packages/${folder}/src/index.ts`, import.meta.url)),
}));

export default defineConfig({
  resolve: { alias },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'examples/*/src/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 180_000,
  },
});
