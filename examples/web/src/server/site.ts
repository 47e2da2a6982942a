import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { extname, join, normalize } from 'node:path';
import type { Logins } from './logins.js';
import { PEOPLE } from './people.js';
import { type Decisions, suggest } from './suggestions.js';

/** What the page's own server needs. */
export interface SiteOptions {
  /** Where the built page is. */
  readonly folder: string;
  readonly logins: Logins;
  /** Asked for each request: the gateway starts after the page's address is known. */
  readonly decisions: () => Decisions;
  /** A frontend token. It is no secret: it says which flags are listed, never who somebody is. */
  readonly frontendToken: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The page, its login, and drafts: what a product's own backend would be. */
export function createSite(options: SiteOptions): Server {
  const asks = new Map<string, string>();
  return createServer((request, response) => {
    answer(request, response, options, asks).catch(() => response.writeHead(500).end());
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: SiteOptions,
  asks: Map<string, string>,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://site');
  const { logins, decisions, frontendToken } = options;
  const { gateway } = decisions();
  if (request.method === 'GET' && pathname === '/demo/settings')
    return json(response, { gateway, frontendToken, people: PEOPLE });
  if (request.method === 'POST' && pathname === '/demo/sign-in') {
    const { person } = await bodyOf<{ person?: unknown }>(request);
    return json(response, await logins.signIn(person));
  }
  if (!pathname.startsWith('/demo/')) return file(response, options.folder, pathname, gateway);
  const person = await logins.whoIs(request.headers.authorization);
  if (person === undefined) return void response.writeHead(401).end();
  if (request.method === 'POST' && pathname === '/demo/suggestions') {
    const { ticket } = await bodyOf<{ ticket?: unknown }>(request);
    return json(response, await suggest(person, String(ticket), decisions()));
  }
  if (pathname !== '/demo/asks') return void response.writeHead(404).end();
  if (request.method === 'POST') asks.set(person.tenant, person.name);
  json(response, { from: asks.get(person.tenant) ?? null });
}

function json(response: ServerResponse, body: unknown): void {
  const status = body === undefined ? 404 : 200;
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body ?? {}));
}

async function bodyOf<T>(request: IncomingMessage): Promise<Partial<T>> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  try {
    return JSON.parse(Buffer.concat(parts).toString()) as Partial<T>;
  } catch {
    return {};
  }
}

async function file(response: ServerResponse, folder: string, pathname: string, gateway: string): Promise<void> {
  const path = normalize(pathname === '/' ? '/index.html' : pathname);
  const type = TYPES[extname(path)];
  const content = type === undefined ? undefined : await readFile(join(folder, path)).catch(() => undefined);
  if (content === undefined || type === undefined) return void response.writeHead(404).end();
  const policy = `default-src 'self'; connect-src 'self' ${gateway}; img-src 'self' data:; frame-ancestors 'none'`;
  response.writeHead(200, { 'content-type': type, 'content-security-policy': policy });
  response.end(content);
}
