import type { App } from '@rampart/gateway';
import { beforeAll, expect, test } from 'vitest';
import { page, useGateway } from './fixture.js';

const gateway = useGateway();
const limits = { perAddress: { points: 5, seconds: 60 }, refusedPerAddress: { points: 5, seconds: 60 } };
const flags = {
  features: [
    {
      name: 'office',
      type: 'release',
      project: 'default',
      enabled: true,
      strategies: [
        { name: 'remoteAddress', parameters: { IPs: '192.0.2.101,2001:db8:77::1,unknown' }, constraints: [] },
      ],
    },
  ],
};
let shared: App;
beforeAll(async () => {
  shared = await gateway({ keep: true, flags, limits, trustedProxies: ['loopback', '10.0.0.0/8'] });
});

const TIMES = Array.from({ length: 12 }, (_, at) => at);

/** What a balancer sends for one client on its n-th connection, and what is counted as one. */
const FORMS: readonly (readonly [name: string, header: (at: number) => string | string[]])[] = [
  ['a port', (at) => `192.0.2.1:${40_000 + at}`],
  ['an IPv6 address with a port', (at) => `[2001:db8:1::1]:${40_000 + at}`],
  ['a quoted IPv6 address with a port', (at) => `"[2001:db8:2::1]:${40_000 + at}"`],
  ['addresses of one /64', (at) => `2001:db8:3::${at + 1}`],
  ['an IPv4-mapped address with a port', (at) => `[::ffff:192.0.2.4]:${40_000 + at}`],
  ['a zone', (at) => `fe80::1%eth${at}`],
  ['what the client claims on the left', (at) => `203.0.113.${at}, 192.0.2.5:${40_000 + at}`],
  ['several header lines', (at) => [`203.0.113.${at}`, `192.0.2.6:${40_000 + at}`]],
  ['trusted proxies with ports on the right', (at) => `198.51.100.${at}, 192.0.2.7:${at + 1}, 10.0.0.9:${at + 1}`],
  ['empty elements', (at) => `198.51.100.${at}, 192.0.2.8:${at + 1} , ,`],
  ['a very long chain', (at) => `${`198.51.100.${at}, `.repeat(400)}192.0.2.9:${40_000 + at}`],
  ['what can not be read', (at) => ['unknown', '_hidden', `:${at}`, `192.0.2.${at}:port`, `x${at}`][at % 5] as string],
];

async function statuses(app: App, headers: Record<string, string>, header: (at: number) => string | string[]) {
  const answers: number[] = [];
  for (const at of TIMES) {
    const forwarded = { ...headers, 'x-forwarded-for': header(at) as string };
    answers.push((await app.inject({ url: '/metrics', headers: forwarded })).statusCode);
  }
  return answers;
}

const limited = (first: number) => TIMES.map((at) => (at < 5 ? first : 429));

test.each(FORMS)('one client stays one client: %s', async (_, header) => {
  // Questions without credentials, then wrong keys.
  expect(await statuses(shared, {}, header)).toEqual(limited(401));
  expect(await statuses(shared, { authorization: 'wrong' }, header)).toEqual(limited(401));
});

test('clients behind one balancer are counted apart, with a port or without', async () => {
  const all = TIMES.map(() => 401);
  expect(await statuses(shared, {}, (at) => `198.51.100.${at}:4711`)).toEqual(all);
  expect(await statuses(shared, { authorization: 'wrong' }, (at) => `[2001:db8:${at + 16}::1]:4711`)).toEqual(all);
});

test('the header Forwarded is never read', async () => {
  const answers: number[] = [];
  for (const at of TIMES)
    answers.push((await shared.inject({ url: '/metrics', headers: { forwarded: `for=192.0.2.${at}` } })).statusCode);
  expect(answers).toEqual(limited(401));
});

test('X-Forwarded-For of a peer that is no trusted proxy is not read', async () => {
  const direct = await gateway({ limits });
  expect(await statuses(direct, {}, (at) => `192.0.2.${at}`)).toEqual(limited(401));
});

test('an ordinary flag sees the address without its port, and none where it can not be read', async () => {
  const valueFor = async (forwarded: string): Promise<unknown> => {
    // A user is limited by itself.
    const headers = { ...(await page({ sub: 'ana' })), 'x-forwarded-for': forwarded };
    const url = '/ofrep/v1/evaluate/flags/office';
    return (await shared.inject({ method: 'POST', url, headers, payload: {} })).json().value;
  };
  expect(await valueFor('192.0.2.101:5678')).toBe(true);
  expect(await valueFor('"[2001:db8:77::1]:5678"')).toBe(true);
  expect(await valueFor('192.0.2.2:5678')).toBe(false);
  expect(await valueFor('unknown')).toBe(false);
});
