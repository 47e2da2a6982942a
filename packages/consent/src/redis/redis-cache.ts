import { countChoices, type LogPosition, type TenantSnapshot } from '@rampart/core';
import { readTenant, writeTenant } from '../codec.js';
import { createMac, type Mac } from '../mac.js';
import type { PushState, SharedCache } from '../shared-cache.js';
import { type LinkSource, linkOf } from './client-source.js';
import type { RedisConnection } from './connection.js';
import { channelOf, tenantKey } from './names.js';
import type { RedisClient, RedisReply } from './redis-client.js';

/** Options of {@link openRedisCache}. */
export interface RedisCacheOptions extends LinkSource {
  /** Address of Redis, or a client shared with other parts, which stays open. */
  readonly redis: RedisConnection | RedisClient;
  /** At least 32 characters, the same in every process. Values without its signature are ignored. */
  readonly secret: string;
  /** Secrets whose signatures are accepted too, during a rotation. @default none */
  readonly acceptedSecrets?: readonly string[] | undefined;
  /** Name of the environment: environments share nothing. */
  readonly environment: string;
  /** Time to live of a value, in ms. @default 86400000, a day */
  readonly ttl?: number | undefined;
}

/** Counts of reads since the start. */
export interface RedisCounts {
  readonly hits: number;
  readonly misses: number;
  /** Values and notifications with an invalid signature, also incomplete ones. */
  readonly forged: number;
  /** Redis was unreachable or slow, or replied with an error. */
  readonly failures: number;
}

export interface RedisCache extends SharedCache {
  counts(): RedisCounts;
}

const DAY = 86_400_000;
/** A longer value is not stored, since Redis answers no other client while it sends one. Each process reads it from the database. In characters. */
const MAX_VALUE_LENGTH = 500_000;
/** A value with more user choices is longer than the limit and is not serialized. */
const MAX_CHOICES = 10_000;

/**
 * A cache in Redis, shared by all processes of an environment.
 *
 * @throws TypeError that names an invalid option and the fix
 */
export function openRedisCache(options: RedisCacheOptions): RedisCache {
  const { ttl = DAY } = options;
  if (!(Number.isSafeInteger(ttl) && ttl > 0)) throw new TypeError(`ttl = ${ttl}: use whole milliseconds above 0`);
  return new IoredisCache(options, ttl);
}

class IoredisCache implements RedisCache {
  readonly #link: RedisClient;
  readonly #isOwn: boolean;
  readonly #values: Mac;
  readonly #notifications: Mac;
  readonly #environment: string;
  readonly #channel: string;
  readonly #ttl: number;
  readonly #counts = { hits: 0, misses: 0, forged: 0, failures: 0 };

  constructor(options: RedisCacheOptions, ttl: number) {
    this.#values = createMac({ ...options, purpose: 'rampart redis value' });
    this.#notifications = createMac({ ...options, purpose: 'rampart redis push' });
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
    const result = this.#verify(reply, tenantId);
    if (typeof result === 'object') {
      this.#counts.hits++;
      return result;
    }
    this.#counts[result]++;
    // Its position may be so high that no authentic value replaces it before it expires.
    if (result === 'forged') void this.#link.run('rampartRemove', key, macOf(reply));
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
    const mac = this.#notifications.sign([epoch, position]);
    void this.#link.publish(this.#channel, JSON.stringify([epoch, position, mac]));
  }

  subscribe(listener: (position: LogPosition) => void): () => void {
    return this.#link.listen(this.#channel, (message) => {
      const position = parseNotification(message, this.#notifications);
      if (position === undefined) this.#counts.forged++;
      else listener(position);
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

  #verify(reply: RedisReply, tenantId: string): TenantSnapshot | Exclude<keyof RedisCounts, 'hits'> {
    if (!Array.isArray(reply)) return 'failures';
    const [epoch, position, text, mac] = reply as readonly RedisReply[];
    if (epoch === null && position === null && text === null && mac === null) return 'misses';
    if (typeof epoch !== 'string' || typeof position !== 'string' || typeof text !== 'string') return 'forged';
    if (text.length > MAX_VALUE_LENGTH) return 'misses';
    if (!this.#values.isValid(mac, ['tenant', tenantId, epoch, position, text])) return 'forged';
    const tenant = readTenant(text);
    // Written by another version of Rampart.
    return tenant === undefined ? 'misses' : { epoch, position: Number(position), tenant };
  }
}

function macOf(reply: RedisReply): string {
  const mac = Array.isArray(reply) ? (reply as readonly RedisReply[])[3] : undefined;
  return typeof mac === 'string' ? mac : '';
}

function parseNotification(message: string, mac: Mac): LogPosition | undefined {
  try {
    const [epoch, position, signature] = JSON.parse(message) as readonly unknown[];
    // The signature of 1 and "1" is the same.
    if (typeof epoch !== 'string' || typeof position !== 'number') return undefined;
    return mac.isValid(signature, [epoch, position]) ? { epoch, position } : undefined;
  } catch {
    return undefined;
  }
}
