import { OpenFeature } from '@openfeature/server-sdk';
import { createRampart, InMemoryControl } from '@rampart/sdk';
import { CLASS } from './flags.mjs';
import { tenants } from './subjects.mjs';
import { QUIET, serveFlags } from './unleash-api.mjs';

/** Rampart as a service builds it, every tenant having given consent. */
export async function startRampart(flags) {
  const control = new InMemoryControl();
  for (const tenant of tenants) {
    control.apply({ kind: 'consent', tenant, featureClass: CLASS, consent: { state: 'opt_in', version: 2 } });
  }
  const url = await serveFlags(flags);
  const rampart = createRampart({ unleash: { ...QUIET, url }, control });
  await OpenFeature.setProviderAndWait('rampart', rampart.provider);
  return { rampart, client: OpenFeature.getClient('rampart') };
}
