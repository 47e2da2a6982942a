import { countChoices, type LogPosition, type TenantSnapshot } from '@rampart/core';
import { readTenant, writeTenant } from '../codec.js';
import { type Mac, openMac } from '../mac.js';
import type { PushState, SecondLevel } from '../second-level.js';
import type { RedisConnection } from './connection.js';
import type { RedisLink, RedisReply } from './link.js';
import { type LinkSource, linkOf } from './link-source.js';
import { channelOf, tenantKey } from './names.js';

/** Options of {@link openRedisLevel}. */
export interface RedisLevelOptions extends LinkSource {
  /** Where Redis is, or connections that others use too; those stay open. */
  readonly redis: RedisConnection | RedisLink;
  /** At least 32 characters, the same in every process. Without it nobody can write what counts. */
  readonly secret: string;
  /** Secrets whose signatures count too, while secrets are rotated. @default none */
  readonly acceptedSecrets?: readonly string[] | undefined;
  /** Names the environment: nothing is shared between two of them. */
  readonly environment: string;
  /** How long a value is kept after it was written, in ms. @default 86400000, a day */
  readonly ttl?: number | undefined;
}

/** What reading brought so far. */
export interface RedisCounts {
  readonly hits: number;
  readonly misses: number;
  /** Values and hints that nobody with the secret wrote, or that were meant for another place; also half ones. */
  readonly forged: number;
  /** Redis was gone, late, or refused. */
  readonly failures: number;
}

export interface RedisLevel extends SecondLevel {
  counts(): RedisCounts;
}

const DAY = 86_400_000;
/** A longer value stays out of Redis, which answers nobody else meanwhile; each process reads it from the database. In characters. */
const MAX_VALUE_LENGTH = 500_000;
/** Above this many user choices a value is longer, and is not even written out. */
const MAX_CHOICES = 10_000;

/**
 * Redis as the level behind the memory of a process, shared by all processes of an environment.
 *
 * @throws TypeError when an option can't be used
 */
export function openRedisLevel(options: RedisLevelOptions): RedisLevel {
  const { ttl = DAY } = options;
  if (!(Number.isSafeInteger(ttl) && ttl > 0)) throw new TypeError(`ttl = ${ttl}: use whole milliseconds above 0`);
  return new Level(options, ttl);
}

class Level implements RedisLevel {
  readonly #link: RedisLink;
  readonly #isOwn: boolean;
  readonly #values: Mac;
  readonly #hints: Mac;
  readonly #environment: string;
  readonly #channel: string;
  readonly #ttl: number;
  readonly #counts = { hits: 0, misses: 0, forged: 0, failures: 0 };

  constructor(options: RedisLevelOptions, ttl: number) {
    this.#values = openMac({ ...options, purpose: 'rampart redis value' });
    this.#hints = openMac({ ...options, purpose: 'rampart redis push' });
    const { link, isOwn } = linkOf(options);
    this.#link = link;
    this.#isOwn = isOwn;
    this.#environment = options.environment;
    this.#channel = channelOf(options.environment, 'log');
    this.#ttl = ttl;
  }

  async getTenant(tenantId: string): Promise<TenantSnapshot | undefined> {
    const key = tenantKey(this.#environment, tenantId);
    const reply = await this.#link.send('hmget', key, 'epoch', 'position', 'value', 'mac');
    const found = this.#judge(reply, tenantId);
    if (typeof found === 'object') {
      this.#counts.hits++;
      return found;
    }
    this.#counts[found]++;
    // Or nobody could replace it before it expires: its position may be higher than any to come.
    if (found === 'forged') void this.#link.run('rampartRemove', key, macOf(reply));
    return undefined;
  }

  putTenant(tenantId: string, snapshot: TenantSnapshot): void {
    const { epoch, position, tenant } = snapshot;
    if (countChoices(tenant.users) > MAX_CHOICES) return;
    const text = writeTenant(tenant);
    if (text.length > MAX_VALUE_LENGTH) return;
    const mac = this.#values.sign(['tenant', tenantId, epoch, position, text]);
    const key = tenantKey(this.#environment, tenantId);
    void this.#link.run('rampartPut', key, epoch, position, text, mac, this.#ttl);
  }

  async forget(tenantId: string): Promise<void> {
    await this.#link.send('del', tenantKey(this.#environment, tenantId));
  }

  announce({ epoch, position }: LogPosition): void {
    const mac = this.#hints.sign([epoch, position]);
    void this.#link.publish(this.#channel, JSON.stringify([epoch, position, mac]));
  }

  subscribe(listener: (position: LogPosition) => void): () => void {
    return this.#link.listen(this.#channel, (message) => {
      const hint = readHint(message, this.#hints);
      if (hint === undefined) this.#counts.forged++;
      else listener(hint);
    });
  }

  push(): PushState {
    return this.#link.push();
  }

  counts(): RedisCounts {
    return { ...this.#counts };
  }

  async close(): Promise<void> {
    if (this.#isOwn) await this.#link.close();
  }

  #judge(reply: RedisReply, tenantId: string): TenantSnapshot | Exclude<keyof RedisCounts, 'hits'> {
    if (!Array.isArray(reply)) return 'failures';
    const [epoch, position, text, mac] = reply as readonly RedisReply[];
    if (epoch === null && position === null && text === null && mac === null) return 'misses';
    if (typeof epoch !== 'string' || typeof position !== 'string' || typeof text !== 'string') return 'forged';
    if (text.length > MAX_VALUE_LENGTH) return 'misses';
    if (!this.#values.isGenuine(mac, ['tenant', tenantId, epoch, position, text])) return 'forged';
    const tenant = readTenant(text);
    // Of another version of this code.
    return tenant === undefined ? 'misses' : { epoch, position: Number(position), tenant };
  }
}

function macOf(reply: RedisReply): string {
  const mac = Array.isArray(reply) ? (reply as readonly RedisReply[])[3] : undefined;
  return typeof mac === 'string' ? mac : '';
}

function readHint(message: string, mac: Mac): LogPosition | undefined {
  try {
    const [epoch, position, given] = JSON.parse(message) as readonly unknown[];
    // The mac is over texts: 1 and "1" have the same.
    if (typeof epoch !== 'string' || typeof position !== 'number') return undefined;
    return mac.isGenuine(given, [epoch, position]) ? { epoch, position } : undefined;
  } catch {
    return undefined;
  }
}
