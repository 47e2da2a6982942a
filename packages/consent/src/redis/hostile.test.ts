import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { HOSTILITIES, startHostileRedis } from '@rampart/services';
import { expect, it } from 'vitest';

/** A process with a cache over a log that always says opt_out, and a Redis; it ends after some messages have gone wrong. */
const PROGRAM = `
import { ControlCache, openRedisCache } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
const EMPTY = { models: new Map(), kills: [], modeCaps: [], confidenceFloors: [], calibrations: new Map() };
const place = { epoch: '00000000000000aa', position: 0 };
const tenant = { consents: new Map([['c', { state: 'opt_out' }]]), users: new Map() };
const log = {
  readLog: async () => ({ epoch: place.epoch, head: 0, entries: [], now: Date.now() }),
  readTenant: async () => ({ ...place, tenant }),
  readShared: async () => ({ ...place, shared: EMPTY }),
};
const sharedCache = openRedisCache({
  redis: process.argv[1], secret: 'a secret that has thirty-two characters', environment: 'test', timeout: 150,
});
const cache = new ControlCache({ log, sharedCache });
await cache.start();
const ask = async (id) => {
  await cache.load(id);
  return cache.read(id)?.tenant.consents.get('c')?.state;
};
process.send({ first: await ask('a') });
process.once('message', async () => {
  const answer = await ask('b');
  await cache.close();
  process.send({ answer });
  process.disconnect();
});`;

it.each(HOSTILITIES)(
  'a process goes on from SQL when Redis is %s after a reconnect',
  async (hostility) => {
    const redis = await startHostileRedis();
    const child = spawn(
      process.execPath,
      ['--unhandled-rejections=strict', '--input-type=module', '-e', PROGRAM, redis.url],
      { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] },
    );
    const messages: unknown[] = [];
    let stderr = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('message', (message) => messages.push(message));
    const ended = once(child, 'exit');
    try {
      const until = async (isTrue: () => boolean): Promise<void> => {
        while (!isTrue() && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 10));
      };
      await until(() => messages.length > 0 && redis.subscriptions() > 0);
      redis.turnHostile(hostility);
      await until(() => redis.hostileReplies() >= 4);
      // A promise that a late reply rejects: wait for longer than the client does.
      const turned = performance.now();
      await until(() => performance.now() - turned > 500);
      if (child.connected) child.send('go on', () => {});
      const [code] = (await ended) as [number | null];
      expect({ code, stderr, messages }).toEqual({
        code: 0,
        stderr: '',
        messages: [{ first: 'opt_out' }, { answer: 'opt_out' }],
      });
    } finally {
      child.kill('SIGKILL');
      await redis.close();
    }
  },
  60_000,
);
