import type { ControlCacheOptions, RedisConnection } from '@rampart/consent';
import type { StoreOptions } from '@rampart/store';
import { z } from 'zod';
import { describeIssue } from './describe-issue.js';

/** Options of {@link createControl}: where the control state is recorded, and how processes follow it. */
export interface ControlOptions
  extends Pick<StoreOptions, 'database' | 'secret' | 'acceptedSecrets' | 'timeoutMs' | 'pool'>,
    Pick<ControlCacheOptions, 'maxStaleness' | 'pollInterval' | 'mostEntries' | 'patience' | 'meter' | 'logger'> {
  /**
   * Redis, as second level and for push: a URL, Sentinels or a cluster. Without it everything works, only slower: every
   * tenant is fetched from the database, and a change arrives with the next reading of the log. @default none
   */
  readonly redis?: RedisConnection | undefined;
  /**
   * For fleets too large to ask the database one by one, with Redis: a few processes `serve`, the others `follow` and ask
   * them for the head of the log. Followers whose question nobody answers ask the database. @default each process asks the database
   */
  readonly relay?: 'follow' | 'serve' | undefined;
  /** Names the set of processes that share one Redis and one database, e.g. `production`. @default 'default' */
  readonly environment?: string | undefined;
  /** Brings the tables up to date at the first use; `false` where that needs rights a service shouldn't have. @default true */
  readonly migrate?: boolean | undefined;
}

const milliseconds = (least: number) => {
  const fix = `use whole milliseconds from ${least}`;
  return z
    .number(fix)
    .int(fix)
    .min(least, fix)
    .max(2 ** 31 - 1, fix);
};
const many = z.number('use a whole number from 1').int('use a whole number from 1').min(1, 'use a whole number from 1');
const method = (name: string) =>
  z.custom<object>(
    (value) => typeof (value as Record<string, unknown> | null)?.[name] === 'function',
    `needs the method ${name}`,
  );

// The address of the database and Redis are checked by those who use them.
const schema = z.strictObject({
  database: z.unknown(),
  secret: z.unknown(),
  acceptedSecrets: z.unknown().optional(),
  redis: z.unknown().optional(),
  relay: z.enum(['follow', 'serve'], 'say follow or serve').optional(),
  environment: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}$/, 'use letters, digits, _ - and . only, 64 at most')
    .optional(),
  migrate: z.boolean('say true or false').optional(),
  timeoutMs: z.unknown().optional(),
  pool: z.unknown().optional(),
  maxStaleness: milliseconds(500).optional(),
  pollInterval: milliseconds(250).optional(),
  patience: milliseconds(1).optional(),
  mostEntries: many.optional(),
  meter: method('createObservableGauge').optional(),
  logger: method('warn').optional(),
});

/** Throws a TypeError that names the option, its value and the fix. */
export function checkControlOptions(options: ControlOptions): void {
  const result = schema.safeParse(options);
  if (!result.success) throw new TypeError(`createControl: ${describeIssue(result.error.issues[0], options)}`);
  const { maxStaleness = 5_000, pollInterval = 1_000, relay, redis } = options;
  if (relay !== undefined && redis === undefined)
    throw new TypeError(`createControl: relay = "${relay}": relays speak through Redis: set the option redis`);
  if (pollInterval * 2 > maxStaleness)
    throw new TypeError(
      `createControl: pollInterval = ${pollInterval}: use at most half of maxStaleness (${maxStaleness}), or every reading comes too late`,
    );
}
