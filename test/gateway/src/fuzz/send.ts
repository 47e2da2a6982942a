import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import type { Sent } from './requests.js';

/** What came of a request. */
export interface Received {
  /** 0: the connection was closed without an answer, as for bytes that are no HTTP. */
  readonly status: number;
  /** In ms. */
  readonly took: number;
  readonly body: string;
}

/** Longer than any answer may take, in ms. */
const HANG = 10_000;

/** Keeps connections, as clients do. */
export function newAgent(sockets: number): Agent {
  return new Agent({ keepAlive: true, maxSockets: sockets });
}

/** @throws Error where nothing came in ten seconds */
export function send(url: URL, sent: Sent, agent: Agent): Promise<Received> {
  return sent.kind === 'raw' ? sendBytes(url, sent.bytes) : sendRequest(url, sent, agent);
}

function sendRequest(url: URL, sent: Extract<Sent, { kind: 'request' }>, agent: Agent): Promise<Received> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const { method, path, body } = sent;
    const headers = {
      ...sent.headers,
      ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    };
    const done = (status: number, text: string): void => {
      clearTimeout(timer);
      resolve({ status, took: performance.now() - started, body: text });
    };
    const call = request({ agent, host: url.hostname, port: url.port, method, path, headers }, (answer) => {
      const status = answer.statusCode ?? 0;
      // An event stream has no end.
      if (answer.headers['content-type']?.startsWith('text/event-stream')) {
        answer.destroy();
        done(status, '');
        return;
      }
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        if (text.length < 2_000) text += chunk;
      });
      answer.once('end', () => done(status, text));
      answer.once('error', () => done(status, text));
    });
    const timer = setTimeout(() => {
      call.destroy();
      reject(new Error(`no answer in ${HANG} ms`));
    }, HANG);
    // A server may answer and close before it has read all of a body that is too large.
    call.once('error', () => done(0, ''));
    call.end(body);
  });
}

function sendBytes(url: URL, bytes: string): Promise<Received> {
  const started = performance.now();
  return new Promise((resolve) => {
    const socket = connect(Number(url.port), url.hostname);
    let text = '';
    const done = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({
        status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0),
        took: performance.now() - started,
        body: text,
      });
    };
    // Bytes that promise more are waited for: an answer is not owed.
    const timer = setTimeout(done, 500);
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      done();
    });
    socket.once('close', done);
    socket.once('error', done);
    socket.write(Buffer.from(bytes, 'latin1'));
  });
}
