import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { UnleashTokens } from './unleash-tokens.js';

const OWN = '*:development.the-gateways-own';
const PAGE = 'default:development.0123456789abcdef';
const KNOWN: Readonly<Record<string, object>> = {
  [OWN]: { type: 'client', environment: 'development', projects: ['*'] },
  [PAGE]: { type: 'frontend', environment: 'development', projects: ['default'] },
  '*:development.every-project': { type: 'frontend', environment: 'development', projects: ['*'] },
  '*:production.another-place': { type: 'frontend', environment: 'production', projects: ['*'] },
  '*:development.for-a-server': { type: 'client', environment: 'development', projects: ['*'] },
};

const servers: { close(): void }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Answers as both versions of Unleash do. */
async function unleash() {
  const state = { asked: 0, status: 200, known: KNOWN };
  const server = createServer((request, response) => {
    state.asked += 1;
    void text(request).then((body) => {
      const { tokens } = JSON.parse(body) as { tokens: string[] };
      const found = tokens.filter((token) => Object.hasOwn(state.known, token));
      response.writeHead(request.url === '/base/edge/validate' ? state.status : 404);
      return response.end(JSON.stringify({ tokens: found.map((token) => ({ token, ...state.known[token] })) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push({ close: () => server.close() });
  const clock = { now: 0 };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/base/api/`;
  return { state, clock, tokens: new UnleashTokens({ url, token: OWN, now: () => clock.now }) };
}

describe('frontend tokens', () => {
  it('are those that Unleash knows, of the same environment, with their projects', async () => {
    const { tokens } = await unleash();
    expect(await tokens.check(PAGE)).toEqual({
      kind: 'browser',
      name: expect.stringMatching(/^unleash-[0-9a-f]{12}$/),
      projects: new Set(['default']),
      identity: undefined,
    });
    expect(await tokens.check('*:development.every-project')).toMatchObject({ projects: undefined });
    for (const token of [
      '*:production.another-place',
      '*:development.for-a-server',
      '*:development.unknown-to-all',
      OWN,
    ])
      expect([token, await tokens.check(token)]).toEqual([token, undefined]);
  });

  it('are asked about once a minute, once for many at once, and a no for ten seconds', async () => {
    const { state, clock, tokens } = await unleash();
    await Promise.all(Array.from({ length: 10 }, () => tokens.check(PAGE)));
    await tokens.check(PAGE);
    expect([state.asked, tokens.known(PAGE)?.kind]).toEqual([1, 'browser']);
    clock.now += 60_000;
    expect(tokens.known(PAGE)).toBeUndefined();
    await tokens.check(PAGE);
    expect(state.asked).toBe(2);
    for (const at of [0, 1, 9_998, 1]) {
      clock.now += at;
      await tokens.check('*:development.unknown-to-all');
    }
    expect(state.asked).toBe(4);
  });

  it('are not asked about where their form says no', async () => {
    const { state, tokens } = await unleash();
    for (const token of ['', 'a', 'a:b', 'a:b.c', `a:b.${'c'.repeat(129)}`, 'a:b.01234567 9', 'a:b:c.012345678'])
      expect(await tokens.check(token)).toBeUndefined();
    expect(state.asked).toBe(0);
  });

  it('stay good for an hour while Unleash is down; an unknown one can not be told', async () => {
    const { state, clock, tokens } = await unleash();
    await tokens.check(PAGE);
    state.status = 500;
    clock.now += 3_599_999;
    expect(await tokens.check(PAGE)).toMatchObject({ kind: 'browser' });
    await expect(tokens.check('*:development.unknown-to-all')).rejects.toMatchObject({
      statusCode: 503,
      retryAfter: 5,
    });
    clock.now += 1;
    await expect(tokens.check(PAGE)).rejects.toMatchObject({ statusCode: 503 });
  });

  it('that are withdrawn count no longer once that is known', async () => {
    const { state, clock, tokens } = await unleash();
    await tokens.check(PAGE);
    state.known = { [OWN]: KNOWN[OWN] ?? {} };
    clock.now += 60_000;
    expect(await tokens.check(PAGE)).toBeUndefined();
  });

  it('are good for nothing where Unleash does not know the gateway', async () => {
    const { state, tokens } = await unleash();
    state.known = { [PAGE]: KNOWN[PAGE] ?? {} };
    await expect(tokens.check(PAGE)).rejects.toMatchObject({ statusCode: 503 });
  });
});
