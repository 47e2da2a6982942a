import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { proxyFetch } from '@rampart/sdk/operator';
import { afterEach, expect, it, vi } from 'vitest';
import { failureOfTransport } from './gateway-failure.js';

afterEach(() => vi.unstubAllEnvs());

/** The failure of a request that goes through a proxy which behaves so. */
async function failureThrough(answer: RequestListener, url: string) {
  const proxy = createServer(answer).on('connect', (_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
  const at = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  for (const name of ['NO_PROXY', 'no_proxy', 'http_proxy', 'https_proxy']) vi.stubEnv(name, '');
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY']) vi.stubEnv(name, at);
  try {
    const error: unknown = await proxyFetch(url, { method: 'POST', body: '{}' }).catch((reason: unknown) => reason);
    return { at, failure: failureOfTransport(url, error, 1_000) };
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
}

it('a connection that the proxy cuts may have carried out the request', async () => {
  const { at, failure } = await failureThrough(({ socket }) => socket.destroy(), 'http://gateway.test');
  expect(failure).toMatchObject({ isAmbiguous: true, isTransient: true });
  expect(failure.message).toMatch(
    new RegExp(`^the connection to gateway http://gateway.test broke \\(\\S+ through the proxy ${at}`),
  );
});

it('a proxy that asks for credentials carried out nothing', async () => {
  const { failure } = await failureThrough((_, response) => response.writeHead(407).end(), 'http://gateway.test');
  expect(failure).toMatchObject({ isAmbiguous: false, isTransient: false });
  expect(failure.message).toContain('put the credentials of the proxy into HTTP_PROXY');
});

it('a proxy that opens no tunnel carried out nothing', async () => {
  const { failure } = await failureThrough(() => undefined, 'https://gateway.test');
  expect(failure).toMatchObject({ isAmbiguous: false, isTransient: false });
  expect(failure.message).toContain('can not be reached');
});
