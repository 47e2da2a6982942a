import { type ControlChange, InMemoryControl } from '@rampart/core';
import { createRampart, type Rampart } from '@rampart/sdk';

/** A rampart whose control state a test changes at will, without a database. */
export async function memoryRampart(
  url: string,
  ...changes: readonly ControlChange[]
): Promise<Rampart<InMemoryControl>> {
  const control = new InMemoryControl({ now: Date.now });
  for (const change of changes) control.apply(change);
  const rampart = createRampart({
    unleash: {
      url,
      appName: 'gateway-tests',
      refreshInterval: 600_000,
      metricsInterval: 600_000,
      skipInstanceCountWarning: true,
      storageProvider: { get: async () => undefined, set: async () => {} },
    },
    control,
    logger: { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} },
  });
  await rampart.provider.initialize();
  return rampart;
}

/** A tenant's word on the class of the test flags. */
export function consent(tenant: string, state: 'opt_in' | 'opt_out' = 'opt_in'): ControlChange {
  return { kind: 'consent', tenant, featureClass: 'copilot', consent: { state } };
}
