import { secretText } from '@rampart/core';
import type { ClusterNode, ClusterOptions, RedisOptions } from 'ioredis';
import { z } from 'zod';

/**
 * Where Redis is. `options` are handed to ioredis (`tls`, `username`, `password`, `natMap` ...); those on which Rampart's
 * behaviour in failures rests are overridden. A cluster needs Redis 7, for sharded pub/sub.
 */
export type RedisConnection =
  /** `redis://` or, with TLS, `rediss://`: `rediss://user:password@redis.example.com:6380/0`. */
  | string
  | { readonly url: string; readonly options?: RedisOptions }
  /** The primary that Sentinels name. */
  | { readonly sentinels: readonly RedisAddress[]; readonly name: string; readonly options?: RedisOptions }
  /** Some nodes of a cluster; the others are found. Of URLs, user, password and TLS of the first one count for all. */
  | { readonly cluster: readonly (string | RedisAddress)[]; readonly options?: ClusterOptions };

export interface RedisAddress {
  readonly host: string;
  /** 1 to 65535. @default 6379 */
  readonly port?: number | undefined;
}

/** A {@link RedisConnection} that was checked, as ioredis takes it. */
export type RedisTarget =
  | { readonly kind: 'server'; readonly options: RedisOptions }
  | { readonly kind: 'cluster'; readonly nodes: readonly ClusterNode[]; readonly options: ClusterOptions };

const FORM = 'redis://[user:password@]host[:port][/database], or rediss:// for TLS';
const address = z.strictObject({
  host: z.string('name a host').min(1, 'name a host'),
  port: z.int('use 1 to 65535').min(1, 'use 1 to 65535').max(65_535, 'use 1 to 65535').optional(),
});
const passedOn = z
  .custom<object>((value) => typeof value === 'object' && value !== null, 'pass the options of ioredis')
  .optional();
const some = 'name at least one';
const shapes = {
  url: z.strictObject({ url: z.string(), options: passedOn }),
  sentinels: z.strictObject({
    sentinels: z.array(address, some).min(1, some),
    name: z.string('name the group of servers that the Sentinels watch').min(1, 'name the group of servers'),
    options: passedOn,
  }),
  cluster: z.strictObject({ cluster: z.array(z.union([z.string(), address]), some).min(1, some), options: passedOn }),
};

/** @throws TypeError that names the option and the fix, and never holds a password */
export function readConnection(connection: RedisConnection): RedisTarget {
  const given: unknown = typeof connection === 'string' ? { url: connection } : connection;
  const has = (key: string): boolean => typeof given === 'object' && given !== null && key in given;
  if (has('cluster')) {
    const { cluster, options } = check(shapes.cluster, given);
    return clusterTarget(cluster, options ?? {});
  }
  if (has('sentinels')) {
    const { sentinels, name, options } = check(shapes.sentinels, given);
    return { kind: 'server', options: { ...withSecrets(options), sentinels: sentinels.map(withPort), name } };
  }
  if (!has('url')) throw new TypeError(`redis: write a URL (${FORM}), or { url }, { sentinels, name } or { cluster }`);
  const { url, options } = check(shapes.url, given);
  return {
    kind: 'server',
    options: { ...readUrl(url, typeof connection === 'string' ? 'redis' : 'redis.url'), ...withSecrets(options) },
  };
}

function clusterTarget(cluster: readonly (string | RedisAddress)[], options: ClusterOptions): RedisTarget {
  const nodes = cluster.map((node, index) =>
    typeof node === 'string' ? readUrl(node, `redis.cluster[${index}]`) : withPort(node),
  );
  const [first = {}] = nodes;
  const { host: _host, port: _port, db, ...shared }: RedisOptions = first;
  if (db !== undefined && db !== 0)
    throw new TypeError(`redis.cluster[0]: database ${db}: a cluster has database 0 only`);
  return {
    kind: 'cluster',
    nodes: nodes.map(({ host = '', port = 6379 }) => ({ host, port })),
    options: { ...options, redisOptions: { ...shared, ...withSecrets(options.redisOptions) } },
  };
}

/** Passwords that were read from files end in a line break; in a URL its parser drops them. */
function withSecrets(options: RedisOptions = {}): RedisOptions {
  const { password, sentinelPassword } = options;
  return {
    ...options,
    ...(typeof password === 'string' ? { password: secretText(password) } : {}),
    ...(typeof sentinelPassword === 'string' ? { sentinelPassword: secretText(sentinelPassword) } : {}),
  };
}

function withPort({ host, port = 6379 }: RedisAddress): { readonly host: string; readonly port: number } {
  return { host, port };
}

// Not by ioredis, which takes whatever is no URL for the path of a socket.
function readUrl(text: string, option: string): RedisOptions {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^rediss?:$/.test(url.protocol) || url.hostname === '') {
    throw new TypeError(`${option}: use ${FORM}; in a password write what is neither letter nor digit as %XX`);
  }
  const [, database = ''] = /^\/(.*)$/.exec(url.pathname) ?? [];
  if (!/^\d{0,4}$/.test(database)) {
    throw new TypeError(`${option}: database ${JSON.stringify(database)}: end the URL with the number of a database`);
  }
  if (url.search !== '' || url.hash !== '') {
    throw new TypeError(
      `${option}: pass what stands behind ? or # as options; in a password write them as %3F and %23`,
    );
  }
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 6379 : Number(url.port),
    ...(url.username === '' ? {} : { username: decoded(url.username, option) }),
    ...(url.password === '' ? {} : { password: decoded(url.password, option) }),
    ...(database === '' ? {} : { db: Number(database) }),
    ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
  };
}

function decoded(part: string, option: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new TypeError(`${option}: user or password hold a % that begins no %XX: write it as %25`);
  }
}

function check<T>(shape: z.ZodType<T>, value: unknown): T {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const path = ['redis', ...(issue?.path ?? []), ...(unknown === undefined ? [] : [unknown])].join('.');
  throw new TypeError(
    `${path}: ${unknown === undefined ? issue?.message : 'there is no such option; ioredis has its own under options'}`,
  );
}
