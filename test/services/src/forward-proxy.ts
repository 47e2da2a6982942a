import { createServer, type IncomingMessage, request as sendRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

/** A forward HTTP proxy in this process, on 127.0.0.1. It leads every host to `target`. */
export interface ForwardProxy {
  /** For `HTTP_PROXY` and `HTTPS_PROXY`. */
  readonly url: string;
  /** The requests so far: `GET http://host/path`, or `CONNECT host:port`. */
  readonly requests: readonly string[];
  /** The `Proxy-Authorization` header of each request; undefined where it had none. */
  readonly authorizations: readonly (string | undefined)[];
  close(): Promise<void>;
}

/** Starts a proxy. @param target Where all requests and tunnels lead */
export async function startForwardProxy(target: { readonly port: number }): Promise<ForwardProxy> {
  const requests: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const note = ({ method, url, headers }: IncomingMessage): void => {
    requests.push(`${method} ${url}`);
    authorizations.push(headers['proxy-authorization']);
  };
  const server = createServer((request, response) => {
    note(request);
    if (!URL.canParse(request.url ?? '')) return response.writeHead(400).end();
    const { pathname, search } = new URL(request.url ?? '');
    const options = { port: target.port, method: request.method, path: pathname + search, headers: request.headers };
    const forwarded = sendRequest({ host: '127.0.0.1', ...options }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.writeHead(502).end());
    return request.pipe(forwarded);
  });
  server.on('connect', (request, client) => {
    note(request);
    const upstream = connect(target.port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      client.pipe(upstream).pipe(client);
    });
    upstream.on('error', () => client.destroy());
    client.on('error', () => upstream.destroy());
    client.on('close', () => upstream.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    authorizations,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
