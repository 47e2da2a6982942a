import { describe, expect, it } from 'vitest';
import { type ConfigurationProblem, isConfigurationError } from './configuration-error.js';
import { readConfiguration } from './configuration-schema.js';
import { createGateway } from './create-gateway.js';
import { newApp } from './new-app.js';

const NEEDED = {
  unleash: { url: 'http://127.0.0.1:9/api', token: 'x' },
  secret: 'a secret that is long enough, is it',
};
const read = (more: object) => readConfiguration({ ...NEEDED, ...more });

function refusal(more: object): { readonly field: string; readonly message: string } {
  try {
    read(more);
  } catch (error) {
    if (isConfigurationError(error)) return { field: error.field, message: error.message };
  }
  throw new Error('it was taken');
}

describe('trustedProxies', () => {
  it.each([
    ['10.0.0.7'],
    ['10.0.0.0/8'],
    ['10.0.0.0/255.0.0.0'],
    ['::1'],
    ['2001:db8::/32'],
    ['fd00::/128'],
    ['::ffff:10.0.0.1'],
    ['loopback'],
    ['linklocal'],
    ['uniquelocal'],
  ])('%s is taken, also by what reads it', async (address) => {
    const configuration = read({ trustedProxies: [address] });
    expect(configuration.trustedProxies).toEqual([address]);
    await newApp({ ...configuration, logLevel: 'silent' }, undefined).close();
  });

  it.each([
    ['10.0.0.0/33'],
    ['10.0.0.0/0'],
    ['10.0.0.0/8/8'],
    ['10.0.0.0/'],
    ['10.0.0.0/eight'],
    ['10.0.0.0/255.0.255.0'],
    ['2001:db8::/129'],
    ['2001:db8::/255.0.0.0'],
    ['10.0.0'],
    ['proxy.example.com'],
    ['*'],
    [''],
  ])('%s is refused, by its place, with the fix', (address) => {
    const { field, message } = refusal({ trustedProxies: ['10.0.0.7', address] });
    expect(field).toBe('trustedProxies.1');
    expect(message).toContain(JSON.stringify(address));
    expect(message).toContain('10.0.0.0/8');
  });
});

describe('redis', () => {
  it.each<[string, unknown]>([
    ['an address', 'redis://cache'],
    ['an address with all there is', 'rediss://app:p%40ss@[::1]:6380/3'],
    ['an address with options', { url: 'rediss://cache', options: { tls: { servername: 'cache' } } }],
    ['Sentinels', { sentinels: [{ host: 's1' }, { host: 's2', port: 26380 }], name: 'main', options: { db: 1 } }],
    ['a cluster', { cluster: ['rediss://n1:7000', { host: 'n2', port: 7001 }], options: { maxRedirections: 3 } }],
  ])('is %s', (_what, redis) => {
    expect(read({ redis }).redis).toEqual(redis);
  });

  it('may be absent', () => expect(read({}).redis).toBeUndefined());

  it.each<[unknown, string, RegExp]>([
    ['localhost:6379', 'redis', /use redis:\/\//],
    ['', 'redis', /use redis:\/\//],
    ['/tmp/redis.sock', 'redis', /use redis:\/\//],
    ['http://:hunter2@cache', 'redis', /use redis:\/\//],
    ['redis://:hunter2#@cache', 'redis', /%XX/],
    ['redis://:hunter2%@cache', 'redis', /%XX/],
    ['redis://cache/main', 'redis', /database/],
    [{ url: 'cache' }, 'redis.url', /use redis:\/\//],
    [{ url: 7 }, 'redis.url', /use redis:\/\//],
    [7, 'redis', /\{ sentinels, name \}/],
    [null, 'redis', /\{ cluster \}/],
    [{}, 'redis', /\{ url \}/],
    [{ url: 'redis://cache', password: 'hunter2' }, 'redis.password', /go into options/],
    [{ url: 'redis://cache', options: 'tls' }, 'redis.options', /options of ioredis/],
    [{ sentinels: [], name: 'main' }, 'redis.sentinels', /at least one/],
    [{ sentinels: 's1', name: 'main' }, 'redis.sentinels', /at least one/],
    [{ sentinels: [{ host: 's1' }] }, 'redis.name', /name the group/],
    [{ sentinels: [{ host: 's1', port: 0 }], name: 'main' }, 'redis.sentinels.0.port', /1 to 65535/],
    [{ sentinels: ['s1:26379'], name: 'main' }, 'redis.sentinels.0', /./],
    [{ cluster: [] }, 'redis.cluster', /at least one/],
    [{ cluster: ['redis://n1', 'n2:7000'] }, 'redis.cluster.1', /use redis:\/\//],
    [{ cluster: [{ port: 7000 }] }, 'redis.cluster.0.host', /name a host/],
    [{ cluster: [{ host: 'n1', password: 'hunter2' }] }, 'redis.cluster.0.password', /go into options/],
  ])('%j is refused, which is said of %s, without the password', (redis, field, message) => {
    const refused = refusal({ redis });
    expect(refused.field).toBe(field);
    expect(refused.message).toMatch(message);
    expect(refused.message).not.toContain('hunter2');
  });
});

const problems = (more: object): readonly ConfigurationProblem[] => {
  try {
    read(more);
  } catch (error) {
    if (isConfigurationError(error)) return error.problems;
  }
  return [];
};
const HASHES = ['a', 'b', 'c'].map((digit) => `sha256:${digit.repeat(64)}`);
const key = (name: string, hash: string | undefined, more: object = {}) => ({ name, hash, ...more });

describe('all problems', () => {
  it('are named at once: field, value and fix', () => {
    const wrong = {
      port: 70_000,
      prot: 1,
      logLevel: 'inof',
      origins: ['https://app.example.com/'],
      keys: [key('on-call', HASHES[0], { role: 'operator', may: ['track'] }), key('on-call', 'hunter2')],
      identity: { issuer: 'i', audience: 'a', algorithms: ['HS256'], adminrole: 'boss' },
      limits: { perKey: { point: 1 } },
      relay: 'follow',
    };
    expect(problems(wrong).map(({ field, value }) => [field, value])).toEqual(
      expect.arrayContaining([
        ['port', '70000'],
        ['prot', undefined],
        ['logLevel', '"inof"'],
        ['origins.0', '"https://app.example.com/"'],
        ['keys.0.may', undefined],
        ['keys.1.hash', undefined],
        ['keys.1.name', '"on-call"'],
        ['identity', undefined],
        ['identity.adminrole', undefined],
        ['limits.perKey.point', undefined],
        ['relay', '"follow"'],
      ]),
    );
    expect(problems(wrong)).toHaveLength(11);
    expect(() => read(wrong)).toThrow(/^gateway: 11 problems\n {2}/);
    expect(() => read(wrong)).toThrow(/\n {2}port = 70000: use at most 65535\n/);
    expect(() => read(wrong)).not.toThrow(/hunter2/);
  });

  it.each<[string, object, string, string]>([
    ['top level', { orgins: [] }, 'orgins', 'did you mean origins?'],
    ['unleash', { unleash: { ...NEEDED.unleash, appname: 'x' } }, 'unleash.appname', 'did you mean appName?'],
    ['keys', { keys: [key('a', HASHES[0], { flag: [] })] }, 'keys.0.flag', 'did you mean flags?'],
    [
      'pages',
      { frontend: { tokens: [key('a', HASHES[0], { project: [] })] } },
      'frontend.tokens.0.project',
      'projects?',
    ],
    ['claims', claims({ tenantID: 'x' }), 'identity.claims.tenantID', 'did you mean tenantId?'],
    ['contextNames', { contextNames: { tenant: 'x' } }, 'contextNames.tenant', 'did you mean tenantId?'],
    ['database', { database: { foldr: 'x' } }, 'database.foldr', 'did you mean folder?'],
    ['redis', { redis: { url: 'redis://r', option: {} } }, 'redis.option', 'did you mean options?'],
    ['a value', { metrics: 'anyon' }, 'metrics', 'use one of keys, anyone; did you mean anyone?'],
    ['nothing near', { xyzzy: 1 }, 'xyzzy', 'the settings here are host, port,'],
  ])('a misspelt name shows the nearest known one: %s', (_place, more, field, hint) => {
    expect(problems(more)).toContainEqual(expect.objectContaining({ field, fix: expect.stringContaining(hint) }));
  });

  it.each<[object, string]>([
    [{ secret: 'hunter2' }, 'secret'],
    [{ webhookSecret: 'hunter2' }, 'webhookSecret'],
    [{ unleash: { ...NEEDED.unleash, adminToken: ['hunter2'] } }, 'unleash.adminToken'],
    [{ unleash: 'hunter2' }, 'unleash'],
    [{ unleash: { ...NEEDED.unleash, url: 'ftp://admin:hunter2@u' } }, 'unleash.url'],
    [{ identity: { issuer: 'i', audience: 'a', algorithms: ['HS256'], sharedKey: 'hunter2' } }, 'identity.sharedKey'],
    [{ keys: 'hunter2' }, 'keys'],
    [{ keys: [key('a', 'hunter2')] }, 'keys.0.hash'],
    [{ origins: ['https://user:hunter2@app.example.com'] }, 'origins.0'],
    [{ password: 'hunter2' }, 'password'],
  ])('never show a secret: %j', (more, field) => {
    const found = problems(more);
    expect(found.map((each) => each.field)).toContain(field);
    expect(() => read(more)).not.toThrow(/hunter2/);
  });
});

function claims(names: object): object {
  return { identity: { issuer: 'i', audience: 'a', algorithms: ['RS256'], jwksUrl: 'https://i/keys', claims: names } };
}

describe('origins', () => {
  it.each([
    '*',
    'https://app.example.com',
    'http://localhost:3000',
    'https://app.example.com:8443',
    'https://xn--bcher-kva.example',
    'http://[::1]:3000',
    'capacitor://localhost',
    'chrome-extension://abcdefghijklmnop',
  ])('%s is taken', (origin) => {
    expect(read({ origins: [origin] }).origins).toEqual([origin]);
  });

  it.each([
    ['https://app.example.com/', 'browsers send https://app.example.com: write that'],
    ['https://app.example.com/login?next=/', 'browsers send https://app.example.com: write that'],
    ['https://App.Example.com', 'browsers send https://app.example.com: write that'],
    ['HTTPS://app.example.com', 'browsers send https://app.example.com: write that'],
    ['https://app.example.com:443', 'browsers send https://app.example.com: write that'],
    ['https://bücher.example', 'browsers send https://xn--bcher-kva.example: write that'],
    [' https://app.example.com', 'browsers send https://app.example.com: write that'],
    ['capacitor://localhost/', 'browsers send capacitor://localhost: write that'],
    ['app.example.com', 'write scheme://host'],
    ['localhost:3000', 'write scheme://host'],
    ['//app.example.com', 'write scheme://host'],
    ['https://', 'write scheme://host'],
    ['file://host', 'write scheme://host'],
    ['', 'write scheme://host'],
    ['null', 'serve the page from a host'],
    ['https://*.example.com', 'write each origin, or * alone'],
  ])('%j is refused: %s', (origin, fix) => {
    expect(problems({ origins: ['https://ok.example.com', origin] })).toEqual([
      expect.objectContaining({ field: 'origins.1', fix: expect.stringContaining(fix) }),
    ]);
  });
});

describe('keys', () => {
  it('have distinct names and hashes where both count, pages included', () => {
    const [a, b, c] = HASHES;
    const twins = { keys: [key('a', a), key('b', a)], frontend: { tokens: [key('a', c), key('d', b)] } };
    expect(problems(twins).map(({ field }) => field)).toEqual(['keys.1.hash', 'frontend.tokens.0.name']);
    expect(problems({ keys: [key('a', a), key('a', b)] })[0]?.fix).toContain('keys.0 has the same name');
    const bound = (environment: string) => ({ environments: [environment] });
    expect(problems({ keys: [key('a', a, bound('staging')), key('a', a, bound('production'))] })).toEqual([]);
    expect(problems({ keys: [key('a', a, bound('staging')), key('a', b)] })).toHaveLength(1);
  });

  it('of operators take no may and no flags, which would narrow nothing', () => {
    const operator = (more: object) => ({ keys: [key('a', HASHES[0], { role: 'operator', ...more })] });
    expect(problems(operator({ may: [], flags: ['ai.*'] })).map(({ field }) => field)).toEqual([
      'keys.0.may',
      'keys.0.flags',
    ]);
    expect(read(operator({})).keys).toEqual(operator({}).keys);
  });

  it.each(['ai.*.draft', '*.draft', '**'])('of services take no %s, which covers no flag', (pattern) => {
    expect(problems({ keys: [key('a', HASHES[0], { flags: [pattern] })] })[0]?.fix).toMatch(/put \* at the end/);
  });
});

it('a configuration that was read can be read again', () => {
  const once = read({ keys: [key('a', HASHES[0], { role: 'operator' }), key('b', HASHES[1])], redis: 'redis://r' });
  expect(once.keys[1]).toMatchObject({ role: 'service', may: ['evaluate', 'track'], flags: ['*'] });
  expect(readConfiguration(once)).toEqual(once);
});

it('a short maxStaleness can be used by what follows the log', async () => {
  const app = createGateway({ ...NEEDED, maxStaleness: 500, logLevel: 'silent' });
  await app.close();
});
