import { setTimeout as sleep } from 'node:timers/promises';
import { createControl } from '@rampart/sdk';
import { startPostgres, startRedis } from '@rampart/services';
import { CLASS, change, feature } from '../flags.mjs';
import { startRampart } from '../rampart.mjs';
import { contexts } from '../subjects.mjs';
import { eventually } from './eventually.mjs';
import { SECRET, STATISTICS, Stops, statementsLike } from './servers.mjs';
import { watchRedis } from './watch-redis.mjs';

const FLAGS = [feature('ai.copilot'), change('ai.copilot.v2', 'ai.copilot')];
const TENANT = 'acme';
const READ_TENANT = '%tenant_ai_consents%union all%';

/** Simultaneous questions about a tenant that is not in memory: what they read while Redis has it, and while it has not. */
export async function stampede({ smoke }) {
  const questions = smoke ? 1_000 : 10_000;
  const stops = new Stops();
  try {
    const postgres = stops.own(await startPostgres(STATISTICS));
    const redis = stops.own(await startRedis());
    const options = { database: postgres.url, redis: redis.url, secret: SECRET };
    const writer = stops.close(createControl(options));
    await writer.ready();
    await writer.apply(
      { kind: 'consent', tenant: TENANT, featureClass: CLASS, consent: { state: 'opt_in', version: 2 } },
      { actor: 'bench', reason: 'bench' },
    );
    const without = await reads({ questions, options, postgres, redis, stops });
    await eventually('the value is in Redis', () => leave(options, redis));
    return { without, having: await reads({ questions, options, postgres, redis, stops }), questions };
  } finally {
    await stops.stop();
  }
}

/** Has a process leave it there, for so many questions at once can keep one so busy that it gives Redis up. */
async function leave(options, redis) {
  const control = createControl(options);
  try {
    await control.load(TENANT);
    await sleep(100);
    return Number(await redis.command('DBSIZE')) > 0;
  } finally {
    await control.close();
  }
}

/** By a process that has read nothing of the tenant. */
async function reads({ questions, options, postgres, redis, stops }) {
  const control = stops.close(createControl(options));
  const { client } = await startRampart(FLAGS, control);
  await eventually('Redis is connected', () => control.status().pushLostFor === undefined);
  const before = await statementsLike(postgres, READ_TENANT);
  const watch = await watchRedis(redis);
  const context = { ...contexts[0], tenantId: TENANT };
  const asked = Array.from({ length: questions }, () => client.getObjectValue('ai.copilot.v2', {}, context));
  const decisions = await Promise.all(asked);
  const ofTenant = (await watch.stop()).filter(([name, key]) => name === 'hmget' && key.includes(TENANT));
  const after = await statementsLike(postgres, READ_TENANT);
  const open = decisions.filter(({ enabled }) => enabled).length;
  if (open !== questions) throw new Error(`${questions - open} of ${questions} were closed`);
  return { redis: ofTenant.length, sql: after.calls - before.calls };
}
