import { OpenFeature } from '@openfeature/server-sdk';
import { createRampart, InMemoryControl } from '@rampart/sdk';
import { CLASS } from './flags.mjs';
import { tenants } from './subjects.mjs';
import { QUIET, serveFlags } from './unleash-api.mjs';

/** Rampart as a service builds it, every tenant having given consent where no other control is given. */
export async function startRampart(flags, control = everyoneAgreed()) {
  const url = await serveFlags(flags);
  const rampart = createRampart({ unleash: { ...QUIET, url }, control });
  const domain = `rampart-${(started += 1)}`;
  await OpenFeature.setProviderAndWait(domain, rampart.provider);
  return { rampart, client: OpenFeature.getClient(domain) };
}

let started = 0;

/** A control in which every tenant has given consent. */
export function everyoneAgreed() {
  const control = new InMemoryControl();
  for (const tenant of tenants) {
    control.apply({ kind: 'consent', tenant, featureClass: CLASS, consent: { state: 'opt_in', version: 2 } });
  }
  return control;
}
