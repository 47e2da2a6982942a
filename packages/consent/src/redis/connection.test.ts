import { describe, expect, it } from 'vitest';
import { type RedisConnection, readConnection } from './connection.js';

describe('a connection', () => {
  it.each<[string, object]>([
    ['redis://redis.example.com', { host: 'redis.example.com', port: 6379 }],
    ['redis://:p%40ss@10.0.0.1:7000/3', { host: '10.0.0.1', port: 7000, password: 'p@ss', db: 3 }],
    ['rediss://app:secret@[::1]:6380/', { host: '::1', port: 6380, username: 'app', password: 'secret', tls: {} }],
  ])('is read from %s', (url, options) => {
    expect(readConnection(url)).toEqual({ kind: 'server', options });
    expect(readConnection({ url })).toEqual({ kind: 'server', options });
  });

  it('passes options to ioredis', () => {
    const options = { tls: { servername: 'redis' }, password: 'other' };
    expect(readConnection({ url: 'rediss://:one@h', options })).toEqual({
      kind: 'server',
      options: { host: 'h', port: 6379, ...options },
    });
  });

  it('drops the line break at the end of a password', () => {
    const options = { password: 'p w\n', sentinelPassword: 's\r\n' };
    const clean = { password: 'p w', sentinelPassword: 's' };
    const sentinels = [{ host: 's1' }];
    expect(readConnection({ url: 'redis://h', options })).toMatchObject({ options: clean });
    expect(readConnection('redis://:secret\n@h\n')).toMatchObject({ options: { password: 'secret' } });
    expect(readConnection({ sentinels, name: 'main', options })).toMatchObject({ options: clean });
    const cluster = readConnection({ cluster: ['redis://h'], options: { redisOptions: options } });
    expect(cluster).toMatchObject({ options: { redisOptions: clean } });
  });

  it('accepts Sentinels', () => {
    const sentinels = [{ host: 's1' }, { host: 's2', port: 26380 }];
    expect(readConnection({ sentinels, name: 'main', options: { db: 1 } })).toEqual({
      kind: 'server',
      options: { sentinels: [{ host: 's1', port: 6379 }, sentinels[1]], name: 'main', db: 1 },
    });
  });

  it('accepts a cluster; user, password and TLS of the first node apply to all', () => {
    const cluster = ['rediss://app:secret@n1', { host: 'n2', port: 7001 }];
    expect(readConnection({ cluster, options: { maxRedirections: 3 } })).toEqual({
      kind: 'cluster',
      nodes: [
        { host: 'n1', port: 6379 },
        { host: 'n2', port: 7001 },
      ],
      options: { maxRedirections: 3, redisOptions: { username: 'app', password: 'secret', tls: {} } },
    });
  });

  it.each<[string, unknown, string]>([
    ['no URL', 'localhost:6379', 'redis: use redis://'],
    ['another protocol', 'http://:hunter2@h', 'redis: use redis://'],
    ['a password that is not escaped', 'redis://:hunter2#x@host:6379', 'redis: use redis://'],
    ['a password with ?', 'redis://host:1/?password=hunter2', 'redis: pass what stands behind ? or # as options'],
    ['a % in a password', 'redis://:hunter2%@host', 'redis: user or password hold a %'],
    ['a database that is no number', { url: 'redis://host/main' }, 'redis.url: database "main"'],
    ['a path of a socket', '/tmp/redis.sock', 'redis: use redis://'],
    ['nothing', undefined, 'redis: write a URL'],
    ['an empty object', {}, 'redis: write a URL'],
    [
      'an option at the wrong place',
      { url: 'redis://h', password: 'hunter2' },
      'redis.password: there is no such option',
    ],
    ['options that are none', { url: 'redis://h', options: 'tls' }, 'redis.options: pass the options of ioredis'],
    ['no Sentinel', { sentinels: [], name: 'main' }, 'redis.sentinels: name at least one'],
    ['no name', { sentinels: [{ host: 's1' }] }, 'redis.name: name the group'],
    [
      'a port that is none',
      { sentinels: [{ host: 's1', port: 0 }], name: 'main' },
      'redis.sentinels.0.port: use 1 to 65535',
    ],
    ['no node', { cluster: [] }, 'redis.cluster: name at least one'],
    ['a node that is no URL', { cluster: ['redis://h', 'h:6379'] }, 'redis.cluster[1]: use redis://'],
    ['a database in a cluster', { cluster: ['redis://h/2'] }, 'redis.cluster[0]: database 2'],
  ])('that is %s is refused, without the password', (_what, connection, message) => {
    const read = () => readConnection(connection as RedisConnection);
    expect(read).toThrow(TypeError);
    expect(read).toThrow(message);
    expect(read).not.toThrow('hunter2');
  });
});
