import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ControlCache } from '@rampart/consent';
import { EMPTY_SHARED, EMPTY_TENANT } from '@rampart/core';
import { consentsOf, idOf, seedOf } from './tenants.mjs';

const AT_ONCE = 1_000;
const CLASSES = 3;
const PLACE = { epoch: '00000000000000be', position: 1 };

const FIRST = { position: PLACE.position, effect: { kind: 'none' } };

/** Tenants that are made when they are read, and held by nobody else. */
const log = {
  readLog: async (after) => ({ epoch: PLACE.epoch, head: 1, entries: after < 1 ? [FIRST] : [], now: Date.now() }),
  readShared: async () => ({ ...PLACE, shared: EMPTY_SHARED }),
  readTenant: async (tenant) => ({
    ...PLACE,
    tenant: { ...EMPTY_TENANT, consents: new Map(consentsOf(seedOf(tenant))) },
  }),
};

/** Bytes a class entry, keys and everything around it counted, with every tenant resident in a cache of the usual make. */
export async function memory({ smoke }) {
  const tenants = smoke ? 20_000 : 1_000_000;
  const cache = new ControlCache({ log, maxStaleness: 600_000, patience: 600_000, mostEntries: tenants * CLASSES });
  await cache.start();
  const before = held();
  for (let first = 0; first < tenants; first += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => cache.load(idOf(first + index))));
  }
  const after = held();
  if (cache.status().tenants !== tenants) throw new Error(`${cache.status().tenants} of ${tenants} are resident`);
  const each = (after.heap - before.heap) / (tenants * CLASSES);
  await cache.close();
  const millions = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  return {
    value: each,
    note: `${tenants} tenants × ${CLASSES} classes: ${millions(after.heap - before.heap)} of heap; resident set ${millions(after.rss)}, ${millions(before.rss)} of it before`,
  };
}

function held() {
  collect();
  collect();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed + arrayBuffers, rss };
}

function collect() {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
}
