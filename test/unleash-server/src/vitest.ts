import { afterAll, beforeAll } from 'vitest';
import { startUnleashServer, type UnleashServer, type UnleashVersion } from './unleash-server.js';

/** A cold start with migrations takes 10 s; this leaves room for a busy machine. In milliseconds. */
const startTimeout = 180_000;

/**
 * One server for all tests of the suite or file it is called in: `const unleash = useUnleashServer('8')`, then
 * `unleash()` inside hooks and tests. Tests that share it keep to flag names of their own.
 */
export function useUnleashServer(version: UnleashVersion): () => UnleashServer {
  let server: UnleashServer | undefined;
  beforeAll(async () => {
    server = await startUnleashServer({ version });
  }, startTimeout);
  afterAll(() => server?.stop());
  return () => {
    if (!server) throw new Error('The Unleash server is there only inside hooks and tests.');
    return server;
  };
}
