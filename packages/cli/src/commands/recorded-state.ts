import type { ControlSource } from '@rampart/core';
import type { DurableControl } from '@rampart/sdk';
import { type DatabaseFlags, knowsDatabase } from '../control-settings.js';
import { UsageError } from '../failure.js';
import type { ConsentSource } from '../gate-checks/environment.js';
import { type ControlFlags, readControl, saysConsent } from '../input/control.js';
import type { Session } from './command.js';
import { withControl } from './database-command.js';

/** What is recorded of consent and kills, and where it comes from. */
export interface RecordedState {
  readonly control: ControlSource;
  readonly consents: ConsentSource;
}

/** Reads the state of tenants from the options, or from the database where one is configured and the options say nothing. */
export async function readState(
  session: Session,
  flags: ControlFlags & DatabaseFlags,
  tenants: readonly string[],
): Promise<RecordedState> {
  if (saysConsent(flags) || !knowsDatabase(flags, session.variables)) {
    const from = saysConsent(flags) ? 'options' : 'nowhere';
    return { control: readControl(flags, tenants), consents: { from } };
  }
  return withControl(session, flags, { for: 'read' }, (control) => readDatabase(control, tenants));
}

async function readDatabase(control: DurableControl, tenants: readonly string[]): Promise<RecordedState> {
  const viewOf = async (tenant: string | undefined) => {
    await control.load(tenant);
    const view = control.read(tenant);
    if (view === undefined) throw new UsageError('the database did not answer in time: try again');
    return view;
  };
  const counts = await control.store.consentCounts();
  const optIns = new Map(counts.map(({ featureClass, optIn }) => [featureClass, optIn]));
  const shared = await viewOf(undefined);
  const { models } = shared;
  const views = new Map<string | undefined, Awaited<ReturnType<typeof viewOf>>>([[undefined, shared]]);
  for (const tenant of new Set(tenants)) views.set(tenant, await viewOf(tenant));
  return { control: { read: (tenant) => views.get(tenant) }, consents: { from: 'database', models, optIns } };
}
