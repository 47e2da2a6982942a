import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

const { projects: _, ...test } = base.test ?? {};

/** The tests that speak for the gates: core's own, the specification tables through core's door, the bucket beside Unleash's. */
export default defineConfig({
  ...base,
  test: {
    ...test,
    include: ['packages/core/src/**/*.test.ts', 'test/specification/src/{bucket,decisions}.test.ts'],
  },
});
