import { request as httpRequest, type IncomingMessage } from 'node:http';
import type { App } from '@rampart/gateway';
import { expect } from 'vitest';

/** One connection to an event stream. */
export interface Stream {
  readonly response: IncomingMessage;
  readonly events: readonly string[];
  readonly ended: () => boolean;
  close(): void;
}

/** Connects as a browser's EventSource does. */
export function openStream(app: App, uri: string, headers: Record<string, string> = {}): Promise<Stream> {
  const { port } = app.server.address() as { port: number };
  return new Promise((resolve, reject) => {
    const asked = httpRequest({
      port,
      host: '127.0.0.1',
      path: uri,
      headers: { accept: 'text/event-stream', ...headers },
    });
    asked.on('error', reject);
    asked.on('response', (response) => {
      const events: string[] = [];
      let ended = false;
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        events.push(...blocks);
      });
      response.on('close', () => {
        ended = true;
      });
      response.on('error', () => {});
      resolve({ response, events, ended: () => ended, close: () => asked.destroy() });
    });
    asked.end();
  });
}

/** The address of the stream that came with a bulk answer. */
export function uriOf(answer: { json(): unknown }): string {
  const { eventStreams } = answer.json() as { eventStreams: { type: string; endpoint: { requestUri: string } }[] };
  expect(eventStreams).toHaveLength(1);
  expect(eventStreams[0]?.type).toBe('sse');
  return eventStreams[0]?.endpoint.requestUri ?? '';
}

/** The events that say "ask again". */
export function refetches(stream: Stream): string[] {
  return stream.events.filter((event) => event.includes('refetchEvaluation'));
}

/** What a page names in its question when it was told by this event. */
export function validatorIn(event: string | undefined): string {
  const { etag } = JSON.parse(/^data: (.+)$/m.exec(event ?? '')?.[1] ?? '{}') as { etag?: string };
  return etag ?? '';
}

/** What a page says that comes back. */
export function idOf(stream: Stream): string {
  return /^id: (.+)$/m.exec(stream.events.join('\n'))?.[1] ?? '';
}
