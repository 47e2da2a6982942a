import { createServer } from 'node:http';

/** What an Unleash server says to its SDKs, and nothing else: neither side is measured with a server that works beside it. */
export async function startFlagServer(features) {
  const body = JSON.stringify({ version: 2, features, segments: [] });
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    response.setHeader('etag', '"1"');
    if (request.headers['if-none-match'] === '"1"') response.writeHead(304).end();
    else response.end(request.url?.includes('/client/features') ? body : '{}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/api`,
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  };
}
