import type { ControlOptions } from '@rampart/sdk';
import { z } from 'zod';
import { settingsOf } from './settings-schema.js';

type Redis = NonNullable<ControlOptions['redis']>;

const settings = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  settingsOf(shape, '; those of ioredis go into options');
const port = 'use a port from 1 to 65535';
const some = 'name at least one';
const FORMS = 'write redis://…, { url }, { sentinels, name } or { cluster }';

/** Where it says what is wrong, never what was written: addresses hold passwords. */
const url = z.string('use redis://, or rediss:// for TLS').refine(isRedisUrl, {
  error: 'use redis://[user:password@]host[:port][/database], or rediss:// for TLS; what is no letter or digit as %XX',
});
const address = settings({
  host: z.string('name a host').min(1, 'name a host'),
  port: z.int(port).min(1, port).max(65_535, port).optional(),
});
const options = z.record(z.string(), z.unknown(), 'pass the options of ioredis').optional();
const shapes = {
  url: settings({ url, options }),
  sentinels: settings({
    sentinels: z.array(address, some).min(1, some),
    name: z.string('name the group of servers that the Sentinels watch').min(1, 'name the group of servers'),
    options,
  }),
  cluster: settings({ cluster: z.array(z.unknown(), some).min(1, some), options }),
};

/** What `createControl` takes. Picks the form by its name, so that an error names a field of the form that was meant. */
export const redisSchema: z.ZodType<Redis, Redis> = z.unknown().superRefine((value, context) => {
  for (const { path, message } of problemsOf(value)) context.addIssue({ code: 'custom', path: [...path], message });
}) as unknown as z.ZodType<Redis, Redis>;

interface Wrong {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function problemsOf(value: unknown): readonly Wrong[] {
  if (typeof value === 'string') return issuesOf(url, value);
  if (typeof value !== 'object' || value === null) return [{ path: [], message: FORMS }];
  const form = (['cluster', 'sentinels', 'url'] as const).find((name) => name in value);
  if (form === undefined) return [{ path: [], message: FORMS }];
  const wrong = issuesOf(shapes[form], value);
  if (form !== 'cluster' || wrong.length > 0) return wrong;
  const { cluster } = value as { readonly cluster: readonly unknown[] };
  return cluster.flatMap((node, index) => issuesOf(typeof node === 'string' ? url : address, node, ['cluster', index]));
}

function issuesOf(schema: z.ZodType, value: unknown, at: readonly PropertyKey[] = []): readonly Wrong[] {
  const { error } = schema.safeParse(value);
  return (error?.issues ?? []).map(({ path, message }) => ({ path: [...at, ...path], message }));
}

function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname, search, hash, username, password } = new URL(text);
  if (!/^rediss?:$/.test(protocol) || hostname === '' || search !== '' || hash !== '') return false;
  return /^(?:\/\d{0,4})?$/.test(pathname) && [username, password].every(isEncoded);
}

function isEncoded(text: string): boolean {
  return !/%(?![0-9a-f]{2})/i.test(text);
}
