import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createControl } from '@rampart/sdk';
import { startPostgres, startRedis } from '@rampart/services';
import { startMember } from '../../../chaos/src/member.ts';
import { median, quantile } from '../measure.mjs';
import { eventually } from './eventually.mjs';
import { SECRET, Stops } from './servers.mjs';
import { CLASS, KILL, now, TENANT } from './subject.mjs';

const READER = fileURLToPath(new URL('./arrival-reader.mjs', import.meta.url));

const CHANGES = {
  consent: (number) => ({
    kind: 'consent',
    tenant: TENANT,
    featureClass: CLASS,
    consent: { state: number % 2 === 0 ? 'opt_out' : 'opt_in', version: number },
  }),
  kill: (number) => ({ kind: 'kill', kill: { id: KILL, scope: { all: true }, reason: String(number) } }),
};

/**
 * How long after a change was committed the last of the processes answers from the new state. They look every
 * millisecond; all times are of the one clock that processes of a machine share.
 *
 * @param {{ kind: 'consent' | 'kill', changes: number, readers?: number, withRedis: boolean }} options
 */
export async function arrival({ kind, changes, readers = 8, withRedis }) {
  const stops = new Stops();
  try {
    const fleet = await startFleet(kind, readers, stops);
    if (!withRedis) await loseRedis(fleet);
    const times = [];
    for (let number = 1; number <= changes; number += 1) {
      times.push(await timeOne(fleet, CHANGES[kind](number), number));
      // At no fixed distance from what the processes do by themselves.
      await sleep(5 + Math.random() * 45);
    }
    return summary(times);
  } finally {
    await stops.stop();
  }
}

async function startFleet(kind, count, stops) {
  const postgres = stops.own(await startPostgres());
  const redis = stops.own(await startRedis());
  const options = { database: postgres.url, redis: redis.url, secret: SECRET, pool: { max: 3 } };
  const writer = stops.close(createControl(options));
  await writer.ready();
  await writer.start();
  const start = () => startMember({ program: READER, options: { control: options, kind } });
  const readers = await Promise.all(Array.from({ length: count }, start));
  for (const reader of readers) stops.own(reader);
  return { redis, writer, whenSeen: whenSeen(readers), committed: whenCommitted(writer) };
}

/** Of the last change; the acknowledgement comes later, when the writer's own process knows it too. */
function whenCommitted({ store }) {
  let at = 0;
  const apply = store.apply.bind(store);
  store.apply = async (...given) => {
    const applied = await apply(...given);
    at = now();
    return applied;
  };
  return () => at;
}

async function loseRedis({ redis, writer }) {
  await redis.kill();
  await eventually('the loss is noticed', () => writer.status().pushLostFor !== undefined);
}

/** When the last of them saw the change of a number. */
function whenSeen(readers) {
  let told = () => {};
  for (const reader of readers) reader.listen((message) => told(message));
  return (wanted) =>
    new Promise((resolve) => {
      const all = [];
      told = ({ number, at }) => {
        if (number === wanted) all.push(at);
        if (all.length === readers.length) resolve(Math.max(...all));
      };
    });
}

async function timeOne({ writer, whenSeen: seenBy, committed }, change, number) {
  const seen = seenBy(number);
  const requested = now();
  await writer.apply(change, { actor: 'bench', reason: 'bench', expected: 'any' });
  const last = await seen;
  return { fromRequest: last - requested, fromCommit: last - committed() };
}

function summary(times) {
  const figures = (name) => {
    const values = times.map((time) => time[name]);
    const [middle, worst] = [median(values), Math.max(...values)].map((value) => value.toFixed(1));
    return { p99: quantile(values, 0.99), shown: `median ${middle}, most ${worst}` };
  };
  const [commit, request] = [figures('fromCommit'), figures('fromRequest')];
  return {
    value: commit.p99,
    note: `${times.length} changes, ${commit.shown} ms; from the request p99 ${request.p99.toFixed(1)}, ${request.shown} ms`,
  };
}
