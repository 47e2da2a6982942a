import { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';

const HEAD = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // Without a length, the answer ends with its connection.
  connection: 'close',
  // Asks proxies to hand on each event at once.
  'x-accel-buffering': 'no',
};

/**
 * Begins a stream of events and lets go of its request and response, which would be held as long as the stream is open and
 * take more memory than everything else of it: for Node and Fastify the answer is finished, and its connection is ours.
 *
 * @param first what is sent with the head
 * @returns undefined where there is no connection, as in an injected request: then the answer has ended
 */
export function takeOver(reply: FastifyReply, first: string): Socket | undefined {
  reply.hijack();
  const { raw } = reply;
  const { socket } = raw;
  const headers = { ...reply.getHeaders(), ...HEAD };
  if (!(socket instanceof Socket)) {
    raw.writeHead(200, headers as Record<string, string>).end(first);
    return undefined;
  }
  socket.write(`${headText(headers)}${first}`);
  raw.emit('finish');
  // A connection that waits for its next request is closed after a while; this one waits for none.
  socket.setTimeout(0);
  return socket;
}

function headText(headers: Readonly<Record<string, unknown>>): string {
  let text = `HTTP/1.1 200 OK\r\ndate: ${new Date().toUTCString()}\r\n`;
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    for (const line of Array.isArray(value) ? value : [value])
      if (line !== undefined) text += `${name}: ${String(line).replaceAll(/[\r\n]/g, ' ')}\r\n`;
  }
  return `${text}\r\n`;
}
