import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { base64url, exportJWK, SignJWT } from 'jose';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { UserTokens } from './user-tokens.js';

const KEY = 'a shared key of the tests, long enough to be one';
const CLAIMS = {
  userId: 'sub',
  tenantId: 'tenant_id',
  tier: 'tier',
  region: 'region',
  labels: 'labels',
  cohorts: 'cohorts',
  aiOptOut: 'ai_opt_out',
  roles: 'roles',
};
const PINNED = {
  issuer: 'https://login.example.com',
  audience: 'rampart',
  clockTolerance: 5,
  claims: CLAIMS,
  adminRole: 'ai_admin',
  operatorRole: 'ai_operator',
};
/** In seconds since 1970. */
const NOW = 1_800_000_000;
const GOOD = { iss: PINNED.issuer, aud: PINNED.audience, sub: 'ana', exp: NOW + 600 };

const sign = (claims: object, key: KeyObject | Uint8Array = new TextEncoder().encode(KEY), header: object = {}) =>
  new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256', ...header }).sign(key);

function shared() {
  const clock = { now: NOW * 1_000 };
  const lines: string[] = [];
  const configuration = { ...PINNED, algorithms: ['HS256'], sharedKey: KEY };
  const log = { warn: (line: string) => void lines.push(line) };
  const tokens = new UserTokens({ configuration, log, now: () => clock.now });
  return { clock, lines, tokens };
}

describe('with a shared key', () => {
  it('the slash at the end of an issuer makes no difference, any other character does', async () => {
    for (const issuer of ['https://login.example.com', 'https://login.example.com/']) {
      const tokens = new UserTokens({
        configuration: { ...PINNED, issuer, algorithms: ['HS256'], sharedKey: KEY },
        now: () => NOW * 1_000,
      });
      const check = async (iss: string) => (await tokens.check(await sign({ ...GOOD, iss })))?.identity.userId;
      expect(await check('https://login.example.com')).toBe('ana');
      expect(await check('https://login.example.com/')).toBe('ana');
      for (const other of [
        'https://login.example.com/x',
        'https://login.example.co',
        'https://login.example.com//',
        '/',
      ])
        expect(await check(other)).toBeUndefined();
    }
  });

  it('a good token tells its user', async () => {
    const { tokens } = shared();
    expect(await tokens.check(await sign(GOOD))).toMatchObject({
      identity: { userId: 'ana', expiresAt: (NOW + 600) * 1_000 },
    });
  });

  it.each<[string, object]>([
    ['another issuer', { iss: 'https://evil.example.com' }],
    ['no issuer', { iss: undefined }],
    ['another audience', { aud: 'billing' }],
    ['no audience', { aud: undefined }],
    ['no end', { exp: undefined }],
    ['an end that is over', { exp: NOW - 5 }],
    ['a beginning to come', { nbf: NOW + 6 }],
    ['an end that is no number', { exp: 'never' }],
  ])('%s: nobody', async (_what, claims) => {
    const { tokens } = shared();
    expect(await tokens.check(await sign({ ...GOOD, ...claims }))).toBeUndefined();
  });

  it('clocks may differ by a few seconds', async () => {
    const { tokens } = shared();
    expect(await tokens.check(await sign({ ...GOOD, exp: NOW - 4, nbf: NOW + 5 }))).toBeDefined();
  });

  it('another key, another algorithm, no signature, a changed claim: nobody', async () => {
    const { tokens } = shared();
    const good = await sign(GOOD);
    const [header = '', payload = '', signature = ''] = good.split('.');
    const boss = base64url.encode(JSON.stringify({ ...GOOD, sub: 'boss' }));
    const none = base64url.encode(JSON.stringify({ alg: 'none' }));
    const forged = [
      await sign(GOOD, new TextEncoder().encode(`${KEY}!`)),
      await sign(GOOD, undefined, { alg: 'HS512' }),
      await sign(GOOD, undefined, { crit: ['exp'], b64: true }).catch(() => 'a.b.c'),
      `${header}.${boss}.${signature}`,
      `${header}.${payload}.`,
      `${none}.${payload}.`,
      `${none}.${payload}.${signature}`,
      `${header}.${payload}.${signature.slice(0, -2)}AA`,
      'a.b.c',
      '..',
    ];
    for (const token of forged) expect([token, await tokens.check(token)]).toEqual([token, undefined]);
  });

  it('a claim that can not be read: nobody, which the log says once a minute, without the claim', async () => {
    const { clock, lines, tokens } = shared();
    for (const labels of ['secret', ['secret', 7]])
      expect(await tokens.check(await sign({ ...GOOD, labels }))).toBeUndefined();
    expect(await tokens.check(await sign({ ...GOOD, ai_opt_out: 'secret' }))).toBeUndefined();
    expect(lines).toEqual([
      expect.stringMatching(/its claim labels \(identity\.claims\.labels\) is no list/),
      expect.stringMatching(/its claim ai_opt_out .* is no true or false/),
    ]);
    expect(lines.join()).not.toMatch(/secret|ana/);
    clock.now += 60_000;
    await tokens.check(await sign({ ...GOOD, labels: 'secret' }));
    expect(lines).toHaveLength(3);
    expect(await tokens.check(await sign(GOOD))).toBeDefined();
  });

  it('is checked once a minute, and never believed beyond its end', async () => {
    const { clock, tokens } = shared();
    const token = await sign({ ...GOOD, exp: NOW + 90 });
    await tokens.check(token);
    expect(tokens.known(token)).toBeDefined();
    clock.now += 60_000;
    expect(tokens.known(token)).toBeUndefined();
    await tokens.check(token);
    clock.now += 34_999;
    expect(tokens.known(token)).toBeDefined();
    clock.now += 1;
    expect([tokens.known(token), await tokens.check(token)]).toEqual([undefined, undefined]);
  });
});

describe('with published keys', () => {
  const servers: { close(): void }[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  const pair = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
  const published = async (key: KeyObject, kid: string) => ({
    ...(await exportJWK(key)),
    kid,
    alg: 'RS256',
    use: 'sig',
  });

  async function issuer() {
    const { publicKey, privateKey } = pair();
    const state = { asked: 0, status: 200, keys: [await published(publicKey, 'one')] };
    const server = createServer((_, response) => {
      state.asked += 1;
      response
        .writeHead(state.status, { 'content-type': 'application/json' })
        .end(JSON.stringify({ keys: state.keys }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push({ close: () => server.close() });
    const clock = { now: NOW * 1_000 };
    const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
    const tokens = new UserTokens({
      configuration: { ...PINNED, algorithms: ['RS256'], jwksUrl },
      now: () => clock.now,
    });
    const token = (claims: object = {}, key = privateKey, kid = 'one') =>
      sign({ ...GOOD, exp: NOW + 86_400, ...claims }, key, { alg: 'RS256', kid });
    return { state, clock, tokens, token, publicKey, privateKey };
  }

  it('a good token tells its user, and the keys are fetched once', async () => {
    const { state, tokens, token } = await issuer();
    for (const jti of ['1', '2', '3'])
      expect(await tokens.check(await token({ jti }))).toMatchObject({ identity: { userId: 'ana' }, roles: [] });
    expect(state.asked).toBe(1);
  });

  it('the public key is no secret to sign with', async () => {
    const { tokens, publicKey } = await issuer();
    const pem = Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }));
    for (const alg of ['HS256', 'HS384', 'HS512'])
      expect(await tokens.check(await sign(GOOD, pem, { alg, kid: 'one' }))).toBeUndefined();
  });

  it("a key that the token brings along, or somebody else's under a known name: nobody", async () => {
    const { tokens, token } = await issuer();
    const other = pair();
    const jwk = await exportJWK(other.publicKey);
    const own = await sign(GOOD, other.privateKey, { alg: 'RS256', jwk });
    const address = await sign(GOOD, other.privateKey, { alg: 'RS256', jku: 'http://127.0.0.1:1/keys', kid: 'one' });
    for (const forged of [own, address, await token({}, other.privateKey), await token({}, other.privateKey, 'two')])
      expect(await tokens.check(forged)).toBeUndefined();
  });

  it('unknown key names ask the issuer once, not each', async () => {
    const { state, tokens, token } = await issuer();
    await tokens.check(await token());
    const other = pair();
    for (const kid of ['a', 'b', 'c', 'd']) await tokens.check(await token({}, other.privateKey, kid));
    expect(state.asked).toBe(1);
  });

  it('no keys to be had: it is not said that the token is wrong', async () => {
    const { state, tokens, token } = await issuer();
    state.status = 500;
    await expect(tokens.check(await token())).rejects.toMatchObject({ statusCode: 503 });
  });

  it('keys stay good for an hour while the issuer is down', async () => {
    const { state, clock, tokens, token } = await issuer();
    await tokens.check(await token());
    state.status = 500;
    clock.now += 3_599_000;
    expect(await tokens.check(await token())).toBeDefined();
    await vi.waitFor(() => expect(state.asked).toBe(2));
    clock.now += 61_000;
    await expect(tokens.check(await token())).rejects.toMatchObject({ statusCode: 503 });
  });

  it('a key that is withdrawn counts no longer once the keys are fetched anew', async () => {
    const { state, clock, tokens, token } = await issuer();
    await tokens.check(await token());
    state.keys = [await published(pair().publicKey, 'two')];
    clock.now += 601_000;
    await tokens.check(await token());
    await vi.waitFor(() => expect(state.asked).toBe(2));
    clock.now += 61_000;
    await vi.waitFor(async () => expect(await tokens.check(await token())).toBeUndefined());
  });
});
