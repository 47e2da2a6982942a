import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const packageNames: Record<string, string> = { provider: 'openfeature-provider' };

const source = (path: string) => fileURLToPath(new URL(`./packages/${path}`, import.meta.url));

/** Tests read the sources, so that a change is tested without a build; the packed form has its own tests. */
const alias = [
  { find: /^@rampart\/unleash\/admin$/, replacement: source('unleash/src/admin/index.ts') },
  ...readdirSync(new URL('./packages', import.meta.url)).map((folder) => ({
    find: new RegExp(`^@rampart/${packageNames[folder] ?? folder}$`),
    replacement: source(`${folder}/src/index.ts`),
  })),
];

export default defineConfig({
  resolve: { alias },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts', 'examples/*/src/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 180_000,
  },
});
