import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGateway, hashKey } from '@rampart/gateway';
import { startPostgres, startRedis } from '@rampart/services';
import { startUnleashServer } from '@rampart/unleash-server';
import { eventually } from '../control/eventually.mjs';
import { Stops } from '../control/servers.mjs';
import { quantile } from '../measure.mjs';

const SECRET = 'a secret of the benchmark and of nobody else';
const FLAG = 'edited';
/** A poll that never comes while something is measured. */
const NO_POLL = 600_000;

/** From the answer to an edit in Unleash until both of two gateways answer so; one is told by the webhook, and tells the other. */
export async function webhook({ smoke }) {
  const stops = new Stops();
  try {
    const unleash = stops.own(await startUnleashServer());
    const fleet = await startFleet(unleash, stops);
    await prepare(unleash, fleet.url);
    await eventually('the first edits arrive', () => bothWays(unleash, fleet), 150_000);
    const times = [];
    for (let index = 0; index < (smoke ? 2 : 100); index += 1) {
      times.push(await edit(unleash, fleet, index % 2 === 0 ? 'off' : 'on', 20_000));
      // At no fixed distance from what the servers do by themselves each second.
      await sleep(200 + Math.random() * 1_000);
    }
    return {
      value: quantile(times, 0.99),
      note: `${times.length} edits; median ${quantile(times, 0.5).toFixed(0)} ms, longest ${Math.max(...times).toFixed(0)} ms`,
    };
  } finally {
    await stops.stop();
  }
}

/** Whether edits arrive yet: switched off before, so that switching on is one. */
async function bothWays(unleash, fleet) {
  try {
    await turn(unleash, 'off');
    await edit(unleash, fleet, 'on', 3_000);
    return true;
  } catch {
    return false;
  }
}

async function startFleet(unleash, stops) {
  const [postgres, redis] = [stops.own(await startPostgres()), stops.own(await startRedis())];
  const key = randomBytes(24).toString('hex');
  const open = () =>
    stops.close(
      createGateway({
        unleash: { url: unleash.apiUrl, token: unleash.clientToken.development, refreshInterval: NO_POLL },
        database: postgres.url,
        redis: redis.url,
        secret: SECRET,
        webhookSecret: SECRET,
        keys: [{ name: 'bench', hash: hashKey(key) }],
        logLevel: 'silent',
      }),
    );
  const [told, other] = [open(), open()];
  const url = await told.listen({ port: 0, host: '127.0.0.1' });
  await other.ready();
  return { url, apps: [told, other], headers: { authorization: `Bearer ${key}` } };
}

async function prepare(unleash, url) {
  await admin(unleash, '/addons', {
    provider: 'webhook',
    description: 'gateway',
    enabled: true,
    projects: [],
    environments: [],
    parameters: { url: `${url}/v1/unleash/webhook`, authorization: SECRET },
    events: ['feature-environment-enabled', 'feature-environment-disabled'],
  });
  await admin(unleash, '/projects/default/features', { name: FLAG, type: 'release' });
  const strategies = `/projects/default/features/${FLAG}/environments/development/strategies`;
  await admin(unleash, strategies, { name: 'default', parameters: {}, constraints: [] });
  // Unleash reads its integrations when it starts, and once a minute.
  await unleash.kill();
  await unleash.start();
}

/** How long it took, in ms. */
async function edit(unleash, { apps, headers }, way, patience) {
  await turn(unleash, way);
  const start = performance.now();
  const answersSo = async (app) => {
    const answer = await app.inject({
      method: 'POST',
      url: `/ofrep/v1/evaluate/flags/${FLAG}`,
      headers,
      payload: { context: {} },
    });
    return answer.json().value === (way === 'on');
  };
  await eventually(`both answer ${way}`, async () => (await Promise.all(apps.map(answersSo))).every(Boolean), patience);
  return performance.now() - start;
}

function turn(unleash, way) {
  return admin(unleash, `/projects/default/features/${FLAG}/environments/development/${way}`);
}

async function admin({ url, adminToken }, path, body) {
  const response = await fetch(`${url}/api/admin${path}`, {
    method: 'POST',
    headers: { authorization: adminToken, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}
