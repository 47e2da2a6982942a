// A gateway in a process of its own, whose memory is asked for by message.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway, type GatewayOptions } from '@rampart/gateway';
import { prepareEmbedded } from '@rampart/services';
import { FlagServer } from '../../../specification/src/flag-server.js';
import { FLAGS } from '../flags.js';
import { UNLIMITED } from './callers.js';

const folder = mkdtempSync(join(tmpdir(), 'rampart-fuzz-'));
const server = new FlagServer();
await server.start();
await prepareEmbedded(folder);

process.once('message', (options: Pick<GatewayOptions, 'keys'>) => void start(options));

async function start(options: Pick<GatewayOptions, 'keys'>): Promise<void> {
  const app = createGateway({
    ...options,
    unleash: { url: server.serve(FLAGS), token: 'default:development.fuzz', refreshInterval: 600_000 },
    database: { folder },
    secret: 'a secret of the fuzzing, long enough to be one',
    exposures: true,
    limits: UNLIMITED,
    logLevel: 'error',
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  process.on('message', (question) => {
    if (question === 'memory') process.send?.({ memory: memory() });
    else if (question === 'stop') void stop(() => app.close());
  });
  process.send?.({ url });
}

/** What is held after everything that nobody holds is gone, in bytes. */
function memory(): { readonly heap: number; readonly resident: number } {
  for (let at = 0; at < 3; at += 1) globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, resident: rss };
}

async function stop(close: () => Promise<void>): Promise<void> {
  await close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
  process.disconnect();
}
