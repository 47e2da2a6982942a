import { describe, expect, it } from 'vitest';
import { isConfigurationError } from './configuration-error.js';
import { readConfiguration } from './configuration-schema.js';
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
