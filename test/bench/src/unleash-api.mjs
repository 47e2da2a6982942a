import { createServer } from 'node:http';

/** Serves flags as Unleash's client API does, for SDKs that start as they do in a service; until the process ends. */
export async function serveFlags(features) {
  const body = JSON.stringify({ version: 2, features });
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(request.url?.includes('/client/features') ? 200 : 202, { 'content-type': 'application/json' });
    response.end(request.url?.includes('/client/features') ? body : '{}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  return `http://127.0.0.1:${server.address().port}/api`;
}

const HOUR = 3_600_000;

/** Fetched once; nothing is fetched or sent while a measurement runs; usage is counted as always. No backup file is left. */
export const QUIET = {
  appName: 'bench',
  refreshInterval: HOUR,
  metricsInterval: HOUR,
  skipInstanceCountWarning: true,
  storageProvider: { get: async () => undefined, set: async () => {} },
};
