import { connect } from 'node:net';
import type { App } from '@rampart/gateway';
import { beforeAll, expect, test } from 'vitest';
import { service, useGateway } from './fixture.js';

const TIMEOUT_MS = 1_000;
/** Between the end of the time and the cut. */
const MAX_DELAY_MS = 1_000;

const gateway = useGateway();
let app: App;
beforeAll(async () => {
  app = await gateway({ keep: true, listen: true, limits: { requestTimeout: TIMEOUT_MS } });
});

const line = 'POST /ofrep/v1/evaluate/flags/plain HTTP/1.1\r\nhost: gateway\r\n';
const authorization = `authorization: ${service.headers.authorization}\r\ncontent-type: application/json\r\n`;
const whole = `${line}${authorization}content-length: 2\r\n\r\n{}`;

/** Sends a start, then one byte again and again. Resolves with what came back, and ms from the start to the end. */
function send(start: string, drip: string): Promise<{ readonly answer: string; readonly took: number }> {
  const { port } = app.server.address() as { port: number };
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1');
    const startedAt = performance.now();
    socket.on('data', (bytes) => (answer += String(bytes)));
    socket.on('error', () => {});
    socket.write(start);
    const timer = setInterval(() => drip !== '' && socket.write(drip), 100);
    socket.on('close', () => {
      clearInterval(timer);
      resolve({ answer, took: performance.now() - startedAt });
    });
  });
}

test('a request that takes longer to arrive than requestTimeout is cut within a second', async () => {
  const slow = await Promise.all([
    send('', ''),
    send('P', ''),
    send(`${line}x-slow: `, 'x'),
    send(`${line}${authorization}content-length: 100000\r\n\r\n`, ' '),
    send(`${line}${authorization}transfer-encoding: chunked\r\n\r\n`, '1\r\n \r\n'),
    // The second request of a connection that is kept alive.
    send(`${whole}${line}x-slow: `, 'x'),
    send(`${whole}${line}${authorization}content-length: 100000\r\n\r\n`, ' '),
  ]);
  for (const { took } of slow) {
    expect(took).toBeGreaterThan(TIMEOUT_MS - 100);
    expect(took).toBeLessThan(TIMEOUT_MS + MAX_DELAY_MS);
  }
  expect(slow.slice(2, 5).map(({ answer }) => answer.slice(9, 12))).toEqual(['408', '408', '408']);
  expect(slow.slice(5).map(({ answer }) => answer.slice(9, 12))).toEqual(['200', '200']);
});
