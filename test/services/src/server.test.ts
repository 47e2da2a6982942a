import { once } from 'node:events';
import { createServer, type Server as NetServer } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { freePort } from './free-port.js';
import { startPostgres, startRedis } from './index.js';
import { stateOf } from './process-tree.mjs';

vi.mock(import('./free-port.js'), async (original) => {
  const real = await original();
  return { freePort: vi.fn<typeof real.freePort>(real.freePort) };
});

let busy: NetServer;
let busyPort: number;
beforeEach(async () => {
  busy = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(busy, 'listening');
  const address = busy.address();
  busyPort = typeof address === 'object' && address !== null ? address.port : 0;
});
afterEach(() => {
  vi.mocked(freePort).mockClear();
  busy.close();
});

test.each([
  ['Redis', startRedis],
  ['PostgreSQL', startPostgres],
] as const)('%s takes another port when somebody else was faster', async (_, start) => {
  vi.mocked(freePort).mockResolvedValueOnce(busyPort).mockResolvedValueOnce(busyPort);
  const server = await start();
  expect(freePort).toHaveBeenCalledTimes(3);
  expect(server.port).not.toBe(busyPort);
  expect(stateOf(server.pid as number)).toBe('running');
  await server.stop();
});

test('a port that stays taken is given as the reason, with the log', async () => {
  vi.mocked(freePort).mockResolvedValue(busyPort);
  const problem = await startRedis().catch(String);
  expect(problem).toContain(`Redis did not start on port ${busyPort}: its process ended\n`);
  expect(problem).toContain('already in use');
  expect(freePort).toHaveBeenCalledTimes(5);
});
