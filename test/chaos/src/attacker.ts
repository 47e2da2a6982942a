import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Mend } from './fault.js';

/** Between two rounds of writing, in ms. */
const PAUSE = 20;
/** How many genuine messages are kept to be sent again. */
const MOST_MESSAGES = 200;

/** What is kept of a key, to be put back. */
interface Loot {
  readonly key: string;
  /** As Redis dumps it, of whatever type it is. */
  readonly dump: Buffer;
  /** Of a hash. */
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * Somebody who may do everything in Redis and lacks the secret. Goes on until it is ended; says then whether nobody minded.
 *
 * Each round every key gets, in turn: an older value of its own; the value of another key; what it holds with the answer
 * turned round, and a MAC that is made up, cut, or missing; and all messages ever heard are sent again, doubled, in
 * reverse, and altered.
 */
export async function startAttack(url: string): Promise<Mend> {
  const redis = new Redis(url);
  const ear = new Redis(url);
  const messages: [channel: string, text: string][] = [];
  ear.on('pmessage', (_pattern: string, channel: string, text: string) => {
    if (messages.length < MOST_MESSAGES) messages.push([channel, text]);
  });
  await ear.psubscribe('*');
  const oldest = new Map<string, Loot>();
  const over = new AbortController();
  let writes = 0;
  const attack = async (): Promise<void> => {
    for (let round = 0; !over.signal.aborted; round += 1) {
      const loot = await plunder(redis);
      for (const { key, ...rest } of loot) if (!oldest.has(key)) oldest.set(key, { key, ...rest });
      for (const [index, item] of loot.entries()) {
        const other = loot[(index + 1) % loot.length] ?? item;
        await tamper(redis, item, oldest.get(item.key) ?? item, other, round + index);
        writes += 1;
      }
      await repeat(redis, messages, round);
      await sleep(PAUSE);
    }
  };
  const attacking = attack();
  return async () => {
    over.abort();
    await attacking;
    redis.disconnect();
    ear.disconnect();
    return writes > 0 && messages.length > 0 ? [] : [`${writes} values and ${messages.length} messages to attack`];
  };
}

async function plunder(redis: Redis): Promise<readonly Loot[]> {
  const keys = (await redis.keys('*')).sort();
  const loot: Loot[] = [];
  for (const key of keys) {
    const dump = await redis.dumpBuffer(key);
    const fields = await redis.hgetall(key).catch(() => ({}));
    if (dump !== null) loot.push({ key, dump, fields });
  }
  return loot;
}

async function tamper(redis: Redis, own: Loot, oldest: Loot, other: Loot, turn: number): Promise<void> {
  const put = (dump: Buffer) => redis.restore(own.key, 0, dump, 'REPLACE');
  const { mac = '', position = '0' } = own.fields;
  const forged = Object.entries(own.fields).flatMap(([name, text]) => [name, name === 'value' ? turned(text) : text]);
  const set = async (...more: string[]): Promise<void> => {
    if (forged.length > 0) await redis.hset(own.key, ...forged, ...more);
  };
  const further = String(Number(position) + 1_000);
  const tricks: readonly (() => Promise<unknown>)[] = [
    () => put(oldest.dump),
    () => put(other.dump),
    () => set(),
    () => set('mac', randomBytes(32).toString('base64url')),
    () => set('mac', mac.slice(0, 6)),
    () => set('mac', ''),
    () => set('position', further),
    () => redis.restore(own.key, 0, oldest.dump, 'REPLACE').then(() => redis.hset(own.key, 'position', further)),
    () => redis.set(own.key, 'of another type'),
  ];
  await tricks[turn % tricks.length]?.().catch(() => {});
}

/** What was withdrawn is given, under other terms. */
function turned(text: string): string {
  return text.replaceAll('opt_out', 'opt_in').replace(/\d+/g, (digits) => `9${digits}`);
}

async function repeat(redis: Redis, messages: readonly (readonly [string, string])[], round: number): Promise<void> {
  for (const [channel, text] of messages.slice(-20).toReversed()) {
    const altered = round % 3 === 2 ? text.replace(/\d+/, (digits) => `9${digits}`) : text;
    await redis.publish(channel, altered);
    if (round % 3 === 1) await redis.publish(channel, altered);
  }
}
