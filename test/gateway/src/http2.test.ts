import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { InMemoryControl } from '@rampart/core';
import type { App } from '@rampart/gateway';
import type { Rampart } from '@rampart/sdk';
import { type Server, startNginx } from '@rampart/services';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { uriOf } from './event-source.js';
import { FLAGS, page, useGateway } from './fixture.js';
import { consent, memoryRampart } from './memory-rampart.js';

const EXAMPLE = readFileSync(new URL('../../../examples/deploy/nginx.conf', import.meta.url), 'utf8');
const gateway = useGateway();
let rampart: Rampart<InMemoryControl>;
let app: App;
let nginx: Server;
let session: ClientHttp2Session;

beforeAll(async () => {
  rampart = await memoryRampart(gateway.unleashUrl(FLAGS), consent('acme'));
  app = await gateway({ rampart, listen: true, keep: true, trustedProxies: ['127.0.0.1'] });
  const { port } = app.server.address() as AddressInfo;
  const configuration = (own: number): string =>
    EXAMPLE.replace('127.0.0.1:8080', `127.0.0.1:${port}`).replace('listen 8443', `listen 127.0.0.1:${own}`);
  nginx = await startNginx({ configuration });
  session = connect(`https://127.0.0.1:${nginx.port}`, { rejectUnauthorized: false });
});
afterAll(async () => {
  session.destroy();
  await nginx.stop();
  await rampart.close();
});

/** Text that a request received so far. */
function collect(request: ClientHttp2Stream): { readonly text: string } {
  const received = { text: '' };
  request.setEncoding('utf8').on('data', (chunk: string) => (received.text += chunk));
  return received;
}

it('twenty event streams of one browser and its requests share one connection', async () => {
  const streams: { readonly text: string }[] = [];
  for (let tab = 0; tab < 20; tab += 1) {
    const headers = await page({ sub: `user-${tab}`, tenant_id: 'acme', tier: 'pro', labels: [] });
    const answer = await app.inject({ method: 'POST', url: '/ofrep/v1/evaluate/flags', headers, payload: {} });
    streams.push(collect(session.request({ ':path': uriOf(answer), accept: 'text/event-stream' })));
  }
  await vi.waitFor(() => expect(streams.every(({ text }) => text.includes('id: '))).toBe(true), 10_000);

  rampart.control.apply(consent('acme', 'opt_out'));
  await vi.waitFor(() => expect(streams.every(({ text }) => text.includes('refetchEvaluation'))).toBe(true), 10_000);

  const health = collect(session.request({ ':path': '/healthz' }));
  await vi.waitFor(() => expect(health.text).toBe('{"status":"alive"}'), 10_000);
  expect(session.alpnProtocol).toBe('h2');
});
