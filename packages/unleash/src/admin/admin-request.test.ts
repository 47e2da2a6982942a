import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { AdminApiError, isAdminApiError } from './admin-api-error.js';
import { createAdminClient } from './admin-client.js';
import { baseUrl } from './admin-request.js';

const TOKEN = '*:*.a-secret-that-must-not-leak';
let server: Server | undefined;

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((done) => (server === undefined ? done(undefined) : server.close(done)));
  server = undefined;
});

/** A server that answers everything with `listener`; gives its address. */
async function serve(listener: RequestListener): Promise<string> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((done) => started.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}`;
}

const answering = (status: number, body: string, headers: Record<string, string> = {}): Promise<string> =>
  serve((_, response) => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body));

async function errorOf(call: Promise<unknown>): Promise<AdminApiError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isAdminApiError(error)) throw new Error(`expected an AdminApiError, got ${inspect(error)}`);
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret');
  return error;
}

const listing = (url: string, timeoutMs = 5_000): Promise<AdminApiError> =>
  errorOf(createAdminClient({ url, token: TOKEN, timeoutMs }).strategies.list());

describe('an answer that is none', () => {
  it('refused connection: says the address and what to check', async () => {
    const url = await answering(200, '{}');
    await new Promise((done) => server?.close(done));
    server = undefined;
    const error = await listing(url);
    expect(error.kind).toBe('unreachable');
    expect(error.message).toBe(
      `Cannot list the strategies: no connection (ECONNREFUSED). Check the URL, and that Unleash is running. [GET ${url}/api/admin/strategies]`,
    );
  });

  it('unknown host', async () => {
    const error = await listing('http://unleash.invalid');
    expect(error.kind).toBe('unreachable');
    expect(error.message).toMatch(/ENOTFOUND|EAI_AGAIN/);
  });

  it('a server that hangs up', async () => {
    const url = await serve((request) => request.socket.destroy());
    expect((await listing(url)).kind).toBe('unreachable');
  });

  it('timeout before the headers', async () => {
    const url = await serve(() => {});
    const error = await listing(url, 60);
    expect(error.kind).toBe('timeout');
    expect(error.message).toContain('no answer within 60 ms');
    expect(error.message).not.toContain('unknown whether');
  });

  it('timeout within the body, and a change that may have been made', async () => {
    const url = await serve(
      (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
    );
    const client = createAdminClient({ url, token: TOKEN, timeoutMs: 60 });
    const error = await errorOf(client.flags.archive({ flag: 'a' }));
    expect(error.kind).toBe('timeout');
    expect(error.message).toContain('The change may have been made');
  });
});

describe('an answer that is not from the admin API', () => {
  it('HTML where JSON is due, as the Unleash UI answers under a wrong path', async () => {
    const error = await listing(
      await answering(200, '<!DOCTYPE html>', { 'content-type': 'text/html; charset=utf-8' }),
    );
    expect(error.kind).toBe('wrong_url');
    expect(error.message).toContain('got text/html instead of JSON');
  });

  it('HTML to a change that expects no body is no success', async () => {
    const url = await answering(200, '<html>', { 'content-type': 'text/html' });
    const error = await errorOf(createAdminClient({ url, token: TOKEN }).strategies.reactivate('aiStage'));
    expect(error.kind).toBe('wrong_url');
  });

  it('a redirect is not followed, since it would turn POST into GET', async () => {
    const error = await listing(
      await answering(301, '', { location: 'https://elsewhere.example', 'content-type': 'text/plain' }),
    );
    expect(error.kind).toBe('wrong_url');
    expect(error.message).toContain('redirects to https://elsewhere.example');
  });

  it.each(['{}', '[]', 'null', '{"strategies":{}}', '{ cut'])('JSON of another shape: %s', async (body) => {
    const error = await listing(await answering(200, body));
    expect(error.kind).toBe('unexpected_response');
    expect(error.message).toContain('unexpected response from Unleash');
  });

  it('a 404 page', async () => {
    expect((await listing(await answering(404, 'no', { 'content-type': 'text/plain' }))).kind).toBe('wrong_url');
  });
});

describe('an answer that says no', () => {
  const errorBody = (message: string, name = 'SomeError') => JSON.stringify({ name, message, details: [{ message }] });

  it.each([
    [
      401,
      errorBody('You must log in'),
      'unauthorized',
      'the token is not accepted: You must log in. Use an admin token',
    ],
    [
      403,
      errorBody('invalid token: expected a different token type for this endpoint'),
      'forbidden',
      'this is a client or frontend token',
    ],
    [
      403,
      errorBody('you need the "CREATE_STRATEGY" permission', 'PermissionError'),
      'forbidden',
      'no right to do this: you need the "CREATE_STRATEGY" permission. Use an admin',
    ],
    [
      403,
      errorBody('Transitive dependency detected.', 'InvalidOperationError'),
      'refused',
      'Transitive dependency detected',
    ],
    [404, errorBody('No project found'), 'not_found', 'No project found'],
    [
      404,
      errorBody('The path you were looking for (/x) is not available.'),
      'wrong_url',
      'Check the URL and the version',
    ],
    [400, errorBody('"name" must be URL friendly'), 'invalid', '"name" must be URL friendly'],
    [409, errorBody('exists'), 'conflict', 'exists'],
    [429, '{}', 'rate_limited', 'Try again after 7 s.'],
    [500, errorBody('insert into x failed'), 'server_error', 'Unleash failed: insert into x failed'],
    [502, '{}', 'server_error', 'Unleash gave no reason'],
    [418, '{}', 'invalid', 'Unleash gave no reason'],
    [304, '{}', 'wrong_url', 'unexpected status 304'],
  ])('%i %s is %s', async (status, body, kind, text) => {
    const error = await listing(await answering(status, body, { 'retry-after': '7' }));
    expect(error).toMatchObject({ kind, status });
    expect(error.message).toContain(text);
    expect(error.message).toMatch(/^Cannot list the strategies: .* \[GET http:.*\/api\/admin\/strategies: \d+\]$/);
  });

  it.each([
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [429, 'rate_limited'],
    [503, 'server_error'],
  ])('%i from a proxy is %s', async (status, kind) => {
    const error = await listing(await answering(status, '<html>', { 'content-type': 'text/html' }));
    expect(error).toMatchObject({ kind, status });
  });

  it('a 404 of the dependencies is an old server', async () => {
    const url = await answering(404, errorBody('The path you were looking for (/api/x) is not available.'));
    const error = await errorOf(
      createAdminClient({ url, token: TOKEN }).dependencies.add({ flag: 'a' }, { feature: 'b' }),
    );
    expect(error.kind).toBe('unsupported_version');
  });

  it('the token is removed where the server repeats it', async () => {
    const error = await listing(await answering(401, errorBody(`who is ${TOKEN}?`)));
    expect(error.message).toContain('who is <token>?');
    expect(error.details).toEqual(['who is <token>?']);
  });

  it('long complaints are cut', async () => {
    const error = await listing(await answering(500, errorBody('x'.repeat(9_000))));
    expect(error.message.length).toBeLessThan(700);
  });
});

describe('what can not be sent', () => {
  it.each([
    ['http://h:1', 'http://h:1'],
    ['http://h/', 'http://h'],
    ['https://h/api', 'https://h'],
    ['https://h/api/', 'https://h'],
    ['https://h/base/api/admin', 'https://h/base'],
    ['https://h/api/client?x=1#y', 'https://h'],
    ['https://h/apiary', 'https://h/apiary'],
  ])('url %s means %s', (url, base) => expect(baseUrl(url)).toBe(base));

  it.each(['', 'h:4242', 'localhost:4242/api', 'ftp://h', 'not a url'])('url %j', (url) => {
    expect(() => createAdminClient({ url, token: TOKEN })).toThrow(/Cannot use url .*write a whole address/);
  });

  it('a url with a password, without repeating it', () => {
    const make = () => createAdminClient({ url: 'http://me:secret@h', token: TOKEN });
    expect(make).toThrow(/user name and password \(host h\)/);
    expect(make).not.toThrow(/secret/);
  });

  it.each(['', '  ', 'secret\ntoken', 'secret token', 'sécret'])('token %j, without repeating it', (token) => {
    const make = () => createAdminClient({ url: 'http://h', token });
    expect(make).toThrow(AdminApiError);
    expect(make).not.toThrow(/secret|sécret/);
  });

  it.each(['', '.', '..'])('flag %j, which would name another page', async (flag) => {
    const error = await errorOf(createAdminClient({ url: 'http://h', token: TOKEN }).flags.get({ flag }));
    expect(error).toMatchObject({ kind: 'invalid' });
  });
});

it('sends the token, JSON and encoded names; trims the token', async () => {
  const requests: unknown[] = [];
  const url = await serve((request, response) => {
    requests.push([request.method, request.url, request.headers.authorization, request.headers['content-type']]);
    response.writeHead(202).end();
  });
  const client = createAdminClient({ url: `${url}/api/`, token: ` ${TOKEN}\n`, project: 'a/b' });
  await client.flags.archive({ flag: 'x y/é' });
  expect(requests).toEqual([
    ['DELETE', '/api/admin/projects/a%2Fb/features/x%20y%2F%C3%A9', TOKEN, 'application/json'],
  ]);
  expect(inspect(client, { depth: 9, showHidden: true })).not.toContain('secret');
});

it('knows errors of another copy of the package', () => {
  const foreign = Object.defineProperty(new Error('x'), Symbol.for('rampart.AdminApiError'), { value: true });
  expect([isAdminApiError(foreign), isAdminApiError(new Error('x')), isAdminApiError(undefined)]).toEqual([
    true,
    false,
    false,
  ]);
});
