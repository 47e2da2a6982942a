import type { DurableControl } from '@rampart/sdk';
import type { ConsentRecord } from '@rampart/sdk/operator';
import { UsageError } from '../failure.js';
import { shownValue } from '../output/consents.js';

/** What the database says of a tenant. */
export interface Recorded {
  /** The state that the decision was made from. */
  readonly revision: string;
  readonly consents: readonly ConsentRecord[];
}

/** Reads a tenant, so that the control answers for it. Rejects where the database can't be read: it says nothing then. */
export async function readRecorded(control: DurableControl, tenant: string): Promise<Recorded> {
  const consents = await control.store.consents(tenant);
  await control.load(tenant);
  const view = control.read(tenant);
  if (view === undefined) throw new UsageError('the database did not answer in time: try again');
  return { revision: view.revision, consents };
}

/** Which consent an explanation rests on. */
export function recordedNotes({ revision, consents }: Recorded): readonly string[] {
  const each = consents.map(({ featureClass, consent, actor, at }) => {
    const by = `by ${actor ?? '(erased)'} at ${new Date(at).toISOString()}`;
    return `Consent for ${featureClass}: ${shownValue(consent)}, ${by}.`;
  });
  const none = ['Consent: nothing is recorded for this tenant, so every class is unset.'];
  return [`Consent and kill switches are those of the database, at ${revision}.`, ...(each.length > 0 ? each : none)];
}
