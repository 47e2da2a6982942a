import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashKey } from '@rampart/gateway';
import { createControl } from '@rampart/sdk';
import { prepareEmbedded } from '@rampart/services';
import { Stops } from '../control/servers.mjs';
import { startFlagServer } from './flag-server.mjs';
import { CLASS, CONTEXTS, TENANTS, tenantOf, userOf } from './flag-sets.mjs';
import { startServer } from './server.mjs';

const SECRET = 'a secret of the benchmark and of nobody else';
const JSON_BODY = { 'content-type': 'application/json' };

/** A gateway with consenting tenants, and the rivals that are asked beside it; `stop` ends them all. */
export async function openPlace(features) {
  const stops = new Stops();
  const flags = await startFlagServer(features);
  stops.own(flags);
  const folder = await mkdtemp(join(tmpdir(), 'rampart-bench-'));
  await prepareEmbedded(folder);
  stops.add(() => rm(folder, { recursive: true, force: true }));
  const [key, token] = [
    `rk_${randomBytes(24).toString('hex')}`,
    `default:development.${randomBytes(24).toString('hex')}`,
  ];
  return {
    key,
    token,
    async gateway(more) {
      await consent(folder);
      const keys = [
        { name: 'bench', hash: hashKey(key) },
        { name: 'operator', hash: hashKey(`operator ${key}`), role: 'operator' },
      ];
      const frontend = [{ name: 'pages', hash: hashKey(token) }];
      return stops.own(await startServer('our-gateway', { unleash: flags.url, folder, keys, frontend, more }));
    },
    proxy: async () => stops.own(await startServer('unleash-proxy', { unleash: flags.url, token })),
    bare: async (path, answer) => stops.own(await startServer('bare-fastify', { path, answer })),
    stop: () => stops.stop(),
  };
}

async function consent(folder) {
  const control = createControl({ database: { folder }, secret: SECRET });
  try {
    for (let index = 0; index < TENANTS; index += 1)
      await control.apply(
        { kind: 'consent', tenant: tenantOf(index), featureClass: CLASS, consent: { state: 'opt_in' } },
        { actor: 'bench', reason: 'agreed' },
      );
  } finally {
    await control.close();
  }
}

/** As unleash-proxy-client asks. */
export function frontendRequests(path, token) {
  return contexts((index) => ({
    method: 'GET',
    path: `${path}?appName=bench&userId=${userOf(index)}&sessionId=${index}&properties%5Bplan%5D=pro&properties%5Bcompany%5D=${tenantOf(index)}`,
    headers: { authorization: token },
  }));
}

/** As OpenFeature's remote provider asks. */
export function ofrepRequests(path, key) {
  return contexts((index) => ({
    method: 'POST',
    path,
    headers: { ...JSON_BODY, authorization: `Bearer ${key}` },
    body: JSON.stringify({ context: contextOf(index) }),
  }));
}

export function contextOf(index) {
  return {
    targetingKey: userOf(index),
    tenantId: tenantOf(index),
    tier: 'pro',
    region: 'eu',
    labels: [],
    plan: 'pro',
    requestId: `request-${index}`,
  };
}

function contexts(make) {
  return Array.from({ length: CONTEXTS }, (_, index) => make(index));
}

/** One answer, which has to be what the comparison is about. */
export async function ask({ url }, { method, path, headers, body }) {
  const response = await fetch(`${url}${path}`, { method, headers, body });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
