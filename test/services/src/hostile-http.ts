import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server does to every request once it has turned hostile. */
export type HttpHostility =
  | 'failing'
  | 'cut'
  | 'cut_in_body'
  | 'junk'
  | 'empty'
  | 'wrong_type'
  | 'wrong_items'
  | 'looping';

export const HTTP_HOSTILITIES: readonly HttpHostility[] = [
  ...(['failing', 'cut', 'cut_in_body', 'junk', 'empty', 'wrong_type', 'wrong_items', 'looping'] as const),
];

export interface HostileHttp {
  readonly url: string;
  /** How many requests for this path were answered badly. */
  hostileAnswers(path: string): number;
  turnHostile(kind: HttpHostility): void;
  close(): Promise<void>;
}

/** A server that answers as told, by path, until it turns hostile. */
export async function startHostileHttp(answers: Readonly<Record<string, object>>): Promise<HostileHttp> {
  let hostility: HttpHostility | undefined;
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    request.resume();
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    response.setHeader('content-type', 'application/json');
    if (hostility === undefined) return response.end(JSON.stringify(answers[path] ?? {}));
    counts.set(path, (counts.get(path) ?? 0) + 1);
    return answerBadly(hostility, path, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hostileAnswers: (path) => counts.get(path) ?? 0,
    turnHostile(kind) {
      hostility = kind;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answerBadly(hostility: HttpHostility, path: string, response: ServerResponse): unknown {
  switch (hostility) {
    case 'failing':
      return response.writeHead(500).end('<h1>Internal Server Error</h1>');
    case 'cut':
      return response.destroy();
    case 'cut_in_body':
      response.writeHead(200, { 'content-length': 1_000 }).write('{"version":2,"features":[');
      return setImmediate(() => response.destroy());
    case 'junk':
      return response.end('\u0000\u0001{]');
    case 'empty':
      return response.end();
    case 'wrong_type':
      return response.end('7');
    case 'wrong_items':
      return response.end('{"version":2,"features":[null,7,{"name":8,"strategies":"x"}],"keys":[null,7]}');
    case 'looping':
      return response.writeHead(302, { location: path }).end();
  }
}
