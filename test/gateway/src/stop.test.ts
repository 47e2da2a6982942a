import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type App, stopGateway } from '@rampart/gateway';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { FLAGS, page, service, useGateway } from './fixture.js';

const gateway = useGateway();
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const addressOf = (app: App): string => `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;

/** A route whose answer waits until it is told to come. */
function slowRoute() {
  let answer = (): void => {};
  const waits = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const asked = vi.fn<() => void>();
  const inspect = (app: App): void => {
    app.get('/slow', { config: { callers: 'anyone' } }, async () => {
      asked();
      await waits;
      return 'done';
    });
  };
  return { answer, asked, inspect };
}

describe('a gateway that is told to stop', () => {
  test('says so, serves on for a while, finishes what is under way, ends streams, then is gone', async () => {
    const { answer, asked, inspect } = slowRoute();
    // Nothing waits for the time after which it would be cut off.
    const app = await gateway({ listen: true, inspect, drainDelay: 500, stopTimeout: 600_000 });
    const url = addressOf(app);
    const bulk = await fetch(`${url}/ofrep/v1/evaluate/flags`, {
      method: 'POST',
      headers: { ...(await page({ sub: 'ana', tenant_id: 'acme' })), 'content-type': 'application/json' },
      body: '{"context":{}}',
    });
    const { eventStreams } = (await bulk.json()) as {
      eventStreams: { endpoint: { requestUri: string } }[];
    };
    const stream = await fetch(new URL(eventStreams[0]?.endpoint.requestUri ?? '', url));
    expect(stream.headers.get('content-type')).toContain('text/event-stream');
    let isOpen = true;
    const streamed = stream.text().finally(() => {
      isOpen = false;
    });
    const slow = fetch(`${url}/slow`);
    await vi.waitFor(() => expect(asked).toHaveBeenCalled());

    const stopped = stopGateway(app);
    expect((await app.inject('/readyz')).json()).toMatchObject({ ready: false, draining: true });
    const late = await fetch(`${url}/ofrep/v1/evaluate/flags/plain`, {
      method: 'POST',
      headers: { ...service.headers, 'content-type': 'application/json' },
      body: '{"context":{}}',
    });
    expect(await late.json()).toMatchObject({ value: true });
    expect(isOpen).toBe(true);
    // Ends though nobody closed it on this side.
    await streamed.catch(() => '');
    await vi.waitFor(() => expect(fetch(`${url}/healthz`)).rejects.toThrow('fetch failed'));
    answer();
    expect(await (await slow).text()).toBe('done');
    await stopped;
  });

  test('cuts off what does not finish in time', async () => {
    const { asked, inspect } = slowRoute();
    const app = await gateway({ listen: true, inspect, stopTimeout: 200 });
    const slow = fetch(`${addressOf(app)}/slow`).then(
      () => 'answered',
      () => 'cut off',
    );
    await vi.waitFor(() => expect(asked).toHaveBeenCalled());
    await stopGateway(app);
    expect(await slow).toBe('cut off');
  });

  test('reports the last usage to Unleash', async () => {
    const reported: string[] = [];
    const unleash = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        if (request.url?.endsWith('/client/metrics')) reported.push(body);
        response.setHeader('content-type', 'application/json');
        response.end(request.url?.includes('/client/features') ? JSON.stringify({ version: 2, ...FLAGS }) : '{}');
      });
    });
    await new Promise<void>((resolve) => unleash.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      unleash.closeAllConnections();
      unleash.close();
    });
    const url = `http://127.0.0.1:${(unleash.address() as AddressInfo).port}/api`;
    const app = await gateway({ unleash: { url, token: 'default:development.test' } });
    const ask = {
      method: 'POST',
      url: '/ofrep/v1/evaluate/flags/plain',
      headers: { ...service.headers },
      payload: {},
    } as const;
    expect((await app.inject(ask)).statusCode).toBe(200);
    expect(reported.join('')).not.toContain('"plain"');
    await stopGateway(app);
    expect(reported.join('')).toMatch(/"plain":\{"yes":1/);
  });

  test('stops once, however often it is told', async () => {
    const app = await gateway({ listen: true });
    await Promise.all([stopGateway(app), stopGateway(app), app.close()]);
    expect(app.server.listening).toBe(false);
  });
});

describe('a gateway that starts', () => {
  test('where Unleash is down is alive, not ready, and ready once Unleash is up', async () => {
    const unleash = createServer((request, response) => {
      response.setHeader('content-type', 'application/json');
      response.statusCode = isUp ? 200 : 500;
      response.end(request.url?.includes('/client/features') ? JSON.stringify({ version: 2, ...FLAGS }) : '{}');
    });
    let isUp = false;
    await new Promise<void>((resolve) => unleash.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      unleash.closeAllConnections();
      unleash.close();
    });
    const url = `http://127.0.0.1:${(unleash.address() as AddressInfo).port}/api`;
    const seen: unknown[] = [];
    const app = await gateway({
      unleash: { url, token: 'default:development.test', refreshInterval: 200 },
      inspect: (made) => {
        const look = async (): Promise<void> => {
          seen.push((await made.inject('/readyz')).json(), (await made.inject('/healthz')).statusCode);
          isUp = true;
        };
        made.addHook('onReady', (done) => {
          setTimeout(() => void look(), 300);
          done();
        });
      },
    });
    expect(seen).toEqual([expect.objectContaining({ ready: false, flags: false }), 200]);
    expect((await app.inject('/readyz')).json()).toMatchObject({ ready: true, flags: true });
  });

  test('uses nothing that its framework will take away', async () => {
    const warned = vi.fn<(warning: Error) => void>();
    process.on('warning', warned);
    closers.push(() => process.off('warning', warned));
    await gateway();
    expect(warned.mock.calls.map(([warning]) => warning.message)).toEqual([]);
  });
});
