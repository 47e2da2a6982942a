import type { ControlChange } from '@rampart/core';
import { type Appearance, KILL, NOTHING } from './history.js';
import { FEATURE, FEATURE_CLASS } from './protocol.js';

/** A change, and what its state looks like to a reader. */
export interface NumberedChange {
  readonly subject: string;
  readonly appearance: Appearance;
  readonly change: ControlChange;
}

/** The id of the one kill that is switched on and off. */
const KILL_ID = 'chaos';

/** A consent that is given or withdrawn, under terms whose version no other change has. */
function consentChange(tenant: string, number: number, state: 'opt_in' | 'opt_out'): NumberedChange {
  return {
    subject: tenant,
    appearance: `${state} ${number}`,
    change: { kind: 'consent', tenant, featureClass: FEATURE_CLASS, consent: { state, version: number } },
  };
}

/** A kill whose reason no other one has, or its end. */
function killChange(number: number, on: boolean): NumberedChange {
  return {
    subject: KILL,
    appearance: on ? `kill ${number}` : NOTHING,
    change: on
      ? { kind: 'kill', kill: { id: KILL_ID, scope: { feature: FEATURE }, reason: String(number) } }
      : { kind: 'revive', id: KILL_ID },
  };
}

/** Changes without end, tenant after tenant, and in each round a kill or its end. */
export function* changesOf(tenants: readonly string[]): Generator<NumberedChange, never, void> {
  for (let number = 0, round = 0; ; round += 1) {
    for (const tenant of tenants) yield consentChange(tenant, (number += 1), round % 2 === 0 ? 'opt_in' : 'opt_out');
    yield killChange((number += 1), round % 2 === 0);
  }
}
