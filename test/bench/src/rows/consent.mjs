import { ControlCache } from '@rampart/consent';
import { InMemoryControl } from '@rampart/sdk';
import { ListLog } from '../control-log.mjs';
import { CLASS, change, feature } from '../flags.mjs';
import { startRampart } from '../rampart.mjs';
import { contexts } from '../subjects.mjs';

const FLAGS = [feature('ai.copilot'), change('ai.copilot.v2', 'ai.copilot')];

/** Tenants on either side; a power of two. */
const TENANTS = 1_024;

const tenants = Array.from({ length: TENANTS }, (_, index) => `tenant-${index}`);
const asked = tenants.map((tenantId, index) => ({ ...contexts[index % contexts.length], tenantId }));
const consents = tenants.map((tenant) => ({
  kind: 'consent',
  tenant,
  featureClass: CLASS,
  consent: { state: 'opt_in', version: 2 },
}));

async function inMemory() {
  const control = new InMemoryControl();
  for (const consent of consents) control.apply(consent);
  return control;
}

/** Every tenant at hand. Proofs are renewed by timers, which a loop of calls doesn't let run: so they last long here. */
async function cached() {
  const control = new ControlCache({ log: new ListLog(consents), maxStaleness: 600_000 });
  for (const tenant of tenants) await control.load(tenant);
  return control;
}

const KILLS = 10_000;

/** Kills of other tenants, features and changes, none of which is about the one who asks. */
async function withKills() {
  const control = await inMemory();
  for (let index = 0; index < KILLS; index += 1) {
    const scopes = [{ tenant: `other-${index}` }, { feature: `ai.other-${index}` }, { change: `ai.other-${index}.v1` }];
    control.apply({ kind: 'kill', kill: { id: `kill-${index}`, scope: scopes[index % 3], reason: 'bench' } });
  }
  return control;
}

async function side(control) {
  const { rampart } = await startRampart(FLAGS, control);
  return {
    call: (index) => rampart.decide('ai.copilot.v2', asked[index & (TENANTS - 1)]),
    answer: (decision) => decision.variant ?? decision.gate,
    expected: ['a', 'b'],
  };
}

export const consentRows = [
  {
    id: 'consent-cached',
    what: `decide, consent cached / in memory, ${TENANTS} tenants`,
    wanted: 1.15,
    prepare: async () => ({ ours: await side(await cached()), other: await side(await inMemory()), same: true }),
  },
  {
    id: 'many-kills',
    what: `decide beside ${KILLS} kills of others / without a kill`,
    wanted: null,
    prepare: async () => ({ ours: await side(await withKills()), other: await side(await inMemory()), same: true }),
  },
];
