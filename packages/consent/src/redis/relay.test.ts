import type { ControlLog, LogBatch, LogEntry } from '@rampart/core';
import { EMPTY_SHARED, EMPTY_TENANT } from '@rampart/core';
import { type RedisServer, startRedis } from '@rampart/services';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMac } from '../mac.js';
import { openRedis, type RedisClient, type RedisClientOptions } from './redis-client.js';
import { SqlRelay, startRelay } from './relay.js';
import { encodeResponse, readRequest, relayNames, writeEntry } from './relay-messages.js';
import { RelayedLog, type RelayedLogOptions } from './relayed-log.js';

const secret = 'a secret that has thirty-two characters';
const environment = 'production';
const names = relayNames(environment);
const mac = createMac({ secret, environment, purpose: 'rampart relay' });
const eventually = { timeout: 10_000, interval: 5 };

/** A log in memory that counts how often it was read. */
class CountingLog implements ControlLog {
  epoch = 'e1';
  reads = 0;
  entries: LogEntry[] = [];

  append(effect: LogEntry['effect'] = { kind: 'none' }): void {
    this.entries.push({ position: this.entries.length + 1, effect });
  }

  readLog(after: number, limit: number): Promise<LogBatch> {
    this.reads++;
    const entries = this.entries.slice(after, after + limit);
    return Promise.resolve({ epoch: this.epoch, head: this.entries.length, entries, now: 1_700_000_000_000 });
  }

  readTenant() {
    return Promise.resolve({ epoch: this.epoch, position: this.entries.length, tenant: EMPTY_TENANT });
  }

  readShared() {
    return Promise.resolve({ epoch: this.epoch, position: this.entries.length, shared: EMPTY_SHARED });
  }
}

let redis: RedisServer;
const closing: (() => Promise<void>)[] = [];

async function connect(options: Partial<RedisClientOptions> = {}): Promise<RedisClient> {
  const link = openRedis({ redis: redis.url, environment, timeout: 5_000, ...options });
  closing.push(() => link.close());
  link.listen('anything', () => {});
  await vi.waitFor(() => expect(link.push().connected).toBe(true), eventually);
  return link;
}

function follow(link: RedisClient, log: ControlLog, options: Partial<RelayedLogOptions> = {}): RelayedLog {
  const follower = new RelayedLog({ log, redis: link, secret, environment, patience: 20_000, ...options });
  closing.unshift(() => follower.close());
  return follower;
}

function relayOf(link: RedisClient, log: ControlLog): SqlRelay {
  return new SqlRelay({ log, redis: link, secret, environment });
}

const waiting = async (): Promise<string[]> => (await redis.command('LRANGE', names.questions, 0, -1)) as string[];
const listening = async (count: number) => {
  const channels = async () => (await redis.command('PUBSUB', 'CHANNELS', names.answers('*'))) as string[];
  await vi.waitFor(async () => expect(await channels()).toHaveLength(count), eventually);
};

/** Runs rounds until all are answered, once `count` wait. */
async function answered<T>(relay: SqlRelay, count: number, questions: Promise<T>): Promise<T> {
  await vi.waitFor(async () => expect(await waiting()).toHaveLength(count), eventually);
  await relay.round();
  return questions;
}

beforeAll(async () => {
  redis = await startRedis();
});
beforeEach(() => redis.command('FLUSHALL'));
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => redis.stop());

describe('a relay', () => {
  it('reads SQL for 500 followers as often as for one', async () => {
    const log = new CountingLog();
    const own = new CountingLog();
    const link = await connect();
    const relay = relayOf(await connect(), log);
    const costs: number[] = [];
    for (const count of [1, 500]) {
      const followers = Array.from({ length: count }, () => follow(link, own));
      await listening(count);
      const before = log.reads;
      for (let round = 0; round < 5; round++) {
        const head = log.entries.length;
        const batches = await answered(relay, count, Promise.all(followers.map((each) => each.readLog(head, 100))));
        expect(batches.every((batch) => batch.head === head)).toBe(true);
        log.append();
      }
      costs.push(log.reads - before);
      await Promise.all(followers.map((each) => each.close()));
    }
    expect(costs).toEqual([5, 5]);
    expect(own.reads).toBe(0);
  });

  it('answers followers whose secrets are in the other order during a rotation', async () => {
    const [log, own] = [new CountingLog(), new CountingLog()];
    log.append();
    const link = await connect();
    const relay = new SqlRelay({ log, redis: link, secret: `${secret}!`, acceptedSecrets: [secret], environment });
    const follower = follow(link, own, { acceptedSecrets: [`${secret}!`] });
    await listening(1);
    expect((await answered(relay, 1, follower.readLog(1, 100))).head).toBe(1);
    expect(own.reads).toBe(0);
  });

  it('takes requests before it reads, so that a later request never gets an earlier head', async () => {
    const log = new CountingLog();
    const relay = relayOf(await connect(), log);
    const follower = follow(await connect(), new CountingLog());
    await listening(1);
    const late: Promise<LogBatch>[] = [];
    const read = log.readLog.bind(log);
    log.readLog = async (after, limit) => {
      const batch = await read(after, limit);
      if (late.length > 0) return batch;
      // Acknowledged after this reading, and before the question.
      log.append();
      late.push(follower.readLog(0, 10));
      await vi.waitFor(async () => expect(await waiting()).toHaveLength(1), eventually);
      return batch;
    };
    expect(await answered(relay, 1, follower.readLog(0, 10))).toMatchObject({ head: 0 });
    expect(await answered(relay, 1, Promise.all(late))).toMatchObject([{ head: 1 }]);
  });

  it('reads nothing without requests', async () => {
    const log = new CountingLog();
    const relay = relayOf(await connect(), log);
    await relay.round();
    await redis.command('RPUSH', names.questions, 'no question');
    await relay.round();
    expect(log.reads).toBe(0);
  });

  it('passes entries on in their order', async () => {
    const log = new CountingLog();
    const own = new CountingLog();
    const [link, other] = [await connect(), await connect()];
    const relay = relayOf(other, log);
    const follower = follow(link, own);
    await listening(1);
    await answered(relay, 1, follower.readLog(0, 10));
    const kill = { id: 'k1', scope: { all: true }, reason: 'wrong answers' };
    log.append({ kind: 'change', change: { kind: 'kill', kill } });
    log.append();
    log.append({ kind: 'change', change: { kind: 'revive', id: 'k1' } });
    expect(await answered(relay, 1, follower.readLog(0, 10))).toEqual(await log.readLog(0, 10));
    expect((await answered(relay, 1, follower.readLog(1, 1))).entries).toEqual(log.entries.slice(1, 2));
    expect(own.reads).toBe(0);
    expect(follower.counts()).toEqual({ relayed: 3, fallbacks: 0, unanswered: 0, forged: 0 });
  });

  it('drops passed entries after an erasure', async () => {
    const log = new CountingLog();
    const relay = relayOf(await connect(), log);
    const follower = follow(await connect(), log);
    await listening(1);
    await answered(relay, 1, follower.readLog(0, 10));
    log.append();
    await answered(relay, 1, follower.readLog(0, 10));
    log.append({ kind: 'forget' });
    await answered(relay, 1, follower.readLog(1, 10));
    expect(await redis.command('ZRANGE', names.entries('e1'), 0, -1)).toHaveLength(1);
    expect((await answered(relay, 1, follower.readLog(0, 10))).entries).toHaveLength(2);
    expect(follower.counts().fallbacks).toBe(1);
  });

  it('passes no entries of a former relay, which may have missed an erasure', async () => {
    const log = new CountingLog();
    const relay = relayOf(await connect(), log);
    const follower = follow(await connect(), log);
    await listening(1);
    await answered(relay, 1, follower.readLog(0, 10));
    log.append();
    await answered(relay, 1, follower.readLog(0, 10));
    const kept = () => redis.command('ZRANGE', names.entries('e1'), 0, -1);
    expect(await kept()).toHaveLength(1);
    const next = relayOf(await connect(), log);
    await answered(next, 1, follower.readLog(1, 10));
    expect(await kept()).toEqual([]);
  });

  it('reports another epoch, and a log that was set back', async () => {
    const log = new CountingLog();
    const relay = relayOf(await connect(), log);
    const follower = follow(await connect(), new CountingLog());
    await listening(1);
    await answered(relay, 1, follower.readLog(0, 10));
    log.append();
    log.append();
    await answered(relay, 1, follower.readLog(2, 10));
    const kept = () => redis.command('ZCARD', names.entries('e1'));
    expect(await kept()).toBe(2);
    log.entries.pop();
    expect(await answered(relay, 1, follower.readLog(2, 10))).toMatchObject({ epoch: 'e1', head: 1, entries: [] });
    // What stood behind is no longer true.
    expect(await kept()).toBe(0);
    log.epoch = 'e2';
    expect(await answered(relay, 1, follower.readLog(2, 10))).toMatchObject({ epoch: 'e2', head: 1, entries: [] });
  });

  it('answers at its interval, and soon after a change was announced', async () => {
    const log = new CountingLog();
    const relay = startRelay({ log, redis: await connect(), secret, environment, interval: 10 });
    closing.unshift(() => relay.stop());
    const follower = follow(await connect(), new CountingLog());
    await listening(1);
    log.append();
    expect(await follower.readLog(1, 10)).toMatchObject({ head: 1 });
    await vi.waitFor(() => expect(relay.counts()).toEqual({ reads: 1, answers: 1, failures: 0 }), eventually);
  });
});

describe('a follower', () => {
  it('sends one request for simultaneous calls, and another for later calls', async () => {
    const log = new CountingLog();
    const relay = relayOf(await connect(), log);
    const follower = follow(await connect(), new CountingLog());
    await listening(1);
    const first = Promise.all([follower.readLog(0, 10), follower.readLog(0, 10)]);
    await vi.waitFor(async () => expect(await waiting()).toHaveLength(1), eventually);
    const later = follower.readLog(0, 10);
    await answered(relay, 2, Promise.all([first, later]));
    expect(relay.counts().answers).toBe(2);
  });

  it('accepts only the response to its own request: no replayed and no forged one', async () => {
    const log = new CountingLog();
    const own = new CountingLog();
    const link = await connect();
    const relay = relayOf(await connect(), log);
    const follower = follow(link, own, { patience: 20_000 });
    await listening(1);
    const [channel = ''] = (await redis.command('PUBSUB', 'CHANNELS', names.answers('*'))) as string[];
    const heard: string[] = [];
    link.listen(channel, (text) => heard.push(text));
    await answered(relay, 1, follower.readLog(0, 10));
    const [old = ''] = heard;
    // The log continues, and an attacker resends an old response.
    log.append();
    let settled = false;
    const question = follower.readLog(0, 10).finally(() => (settled = true));
    await vi.waitFor(async () => expect(await waiting()).toHaveLength(1), eventually);
    const { nonce = '' } = readRequest((await waiting())[0]) ?? {};
    const head = { epoch: 'e1', head: 0, now: 0 };
    const forged = [
      old.replace(/^\["[^"]*"/, `["${nonce}"`),
      encodeResponse(createMac({ secret: `${secret}!`, environment, purpose: 'rampart relay' }), nonce, head),
      encodeResponse(createMac({ secret, environment: 'staging', purpose: 'rampart relay' }), nonce, head),
      encodeResponse(createMac({ secret, environment, purpose: 'rampart redis push' }), nonce, head),
      `["${nonce}","e1",0,0]`,
      encodeResponse(mac, nonce, head).replace(',0,0,', ',0,"0",'),
      'null',
    ];
    for (const text of [old, ...forged]) await redis.command('PUBLISH', channel, text);
    await vi.waitFor(() => expect(heard).toHaveLength(2 + forged.length), eventually);
    expect(follower.counts().forged).toBe(forged.length);
    expect(settled).toBe(false);
    await relay.round();
    expect(await question).toMatchObject({ head: 1 });
    expect(own.reads).toBe(0);
  });

  it.each<[string, (key: string) => Promise<unknown>]>([
    ['is missing', (key) => redis.command('ZREMRANGEBYSCORE', key, 2, 2)],
    ['at the end is missing', (key) => redis.command('ZREMRANGEBYSCORE', key, 3, 3)],
    ['is not genuine', (key) => replace(key, 2, '[2,"{\\"kind\\":\\"none\\"}","AAAA"]')],
    ['is of another epoch', (key) => replace(key, 2, writeEntry(mac, 'e0', { position: 2, effect: { kind: 'none' } }))],
    ['is another one', (key) => replace(key, 2, writeEntry(mac, 'e1', { position: 1, effect: { kind: 'none' } }))],
    ['is there twice', (key) => redis.command('ZADD', key, 2, 'twice')],
  ])('asks SQL where an entry %s', async (_what, spoil) => {
    const log = new CountingLog();
    const own = new CountingLog();
    const relay = relayOf(await connect(), log);
    const follower = follow(await connect(), own);
    await listening(1);
    await answered(relay, 1, follower.readLog(0, 10));
    for (let entry = 0; entry < 3; entry++) {
      log.append();
      own.append();
    }
    await answered(relay, 1, follower.readLog(3, 10));
    await spoil(names.entries('e1'));
    expect((await answered(relay, 1, follower.readLog(0, 10))).entries).toHaveLength(3);
    expect(own.reads).toBe(1);
  });

  async function replace(key: string, position: number, text: string): Promise<void> {
    await redis.command('ZREMRANGEBYSCORE', key, position, position);
    await redis.command('ZADD', key, position, text);
  }

  it('reads SQL if no relay answers, and skips relays for a while', async () => {
    const own = new CountingLog();
    const follower = follow(await connect(), own, { patience: 1 });
    await listening(1);
    expect(await follower.readLog(0, 10)).toMatchObject({ head: 0 });
    expect(await follower.readLog(0, 10)).toMatchObject({ head: 0 });
    expect(follower.counts()).toEqual({ relayed: 0, fallbacks: 2, unanswered: 1, forged: 0 });
    const left = Number(await redis.command('PTTL', names.questions));
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(5_000);
  });

  it('reads SQL if the relay can’t', async () => {
    const broken = new CountingLog();
    broken.readLog = () => Promise.reject(new Error('no primary'));
    const warnings: string[] = [];
    const logger = { warn: (text: string) => warnings.push(text) };
    const relay = new SqlRelay({ log: broken, redis: await connect(), secret, environment, logger });
    const follower = follow(await connect(), new CountingLog(), { patience: 200 });
    await listening(1);
    const [batch] = await Promise.all([follower.readLog(0, 10), answered(relay, 1, Promise.resolve())]);
    expect(batch).toMatchObject({ head: 0 });
    expect(warnings).toEqual(["the relay can't read the control log: no primary"]);
  });

  it('reads SQL at once while Redis is unreachable, and asks relays again afterwards', async () => {
    const server = await startRedis();
    try {
      const log = new CountingLog();
      const own = new CountingLog();
      const link = await connect({ redis: server.url });
      const relay = startRelay({ log, redis: await connect({ redis: server.url }), secret, environment, interval: 10 });
      closing.unshift(() => relay.stop());
      const follower = follow(link, own);
      await server.kill();
      await vi.waitFor(() => expect(link.isUsable()).toBe(false), eventually);
      // A follower that waited would wait for 20 s.
      for (let read = 0; read < 3; read++) await follower.readLog(0, 10);
      expect(own.reads).toBe(3);
      await server.start();
      await vi.waitFor(async () => {
        await follower.readLog(0, 10);
        expect(follower.counts().relayed).toBeGreaterThan(0);
      }, eventually);
    } finally {
      for (const close of closing.splice(0)) await close();
      await server.stop();
    }
  });

  it('reads tenants and the shared state from SQL', async () => {
    const log = new CountingLog();
    const follower = follow(await connect(), log);
    expect(await follower.readTenant('acme')).toEqual(await log.readTenant());
    expect(await follower.readShared()).toEqual(await log.readShared());
  });
});

it('rejects invalid options', async () => {
  const options = { log: new CountingLog(), redis: await connect(), secret, environment };
  expect(() => startRelay({ ...options, interval: 0 })).toThrow('interval = 0: use milliseconds above 0');
  expect(() => new RelayedLog({ ...options, patience: -1 })).toThrow('patience = -1: use milliseconds above 0');
  expect(() => new RelayedLog({ ...options, secret: 'short' })).toThrow('secret: use at least 32 characters');
});
