import type { ControlChange } from '@rampart/sdk';
import { CHANGE, FEATURE_CLASS } from './flags.js';

/** Somebody who may sign in to the demo. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly role: 'agent' | 'admin';
  readonly tenant: string;
  readonly company: string;
  readonly tier: string;
  /** What there is to see as this person. */
  readonly shows: string;
}

const person = (
  name: string,
  company: string,
  tier: string,
  shows: string,
  role: Person['role'] = 'agent',
): Person => ({ id: name.toLowerCase(), name, role, tenant: company.toLowerCase(), company, tier, shows });

export const PEOPLE: readonly Person[] = [
  person('Ana', 'Acme', 'pro', 'drafts to read and insert'),
  person('Ada', 'Acme', 'pro', 'consent and automation settings', 'admin'),
  person('Finn', 'Orchard', 'pro', 'replies that go out with one click'),
  person('Eve', 'Lumen', 'enterprise', 'replies sent by themselves, with undo'),
  person('Bo', 'Globex', 'free', 'what is missing: the plan'),
  person('Cleo', 'Initech', 'pro', 'what is missing: the admin’s consent'),
  person('Ines', 'Initech', 'pro', 'settings nobody has touched yet', 'admin'),
  person('Dan', 'Umbrella', 'enterprise', 'the copilot, switched off by on-call'),
];

const agreed = (tenant: string): ControlChange => ({
  kind: 'consent',
  tenant,
  featureClass: FEATURE_CLASS,
  consent: { state: 'opt_in' },
});

/** What the tenants said before the demo starts, how well the model knows what it knows, and one incident. */
export const ON_RECORD: readonly ControlChange[] = [
  ...['acme', 'orchard', 'lumen', 'globex', 'umbrella'].map(agreed),
  { kind: 'preference', tenant: 'acme', mode: 'suggestion' },
  { kind: 'preference', tenant: 'orchard', mode: 'confirmation' },
  { kind: 'calibration', change: CHANGE, error: 0.03 },
  {
    kind: 'kill',
    kill: { id: 'incident-12', scope: { tenant: 'umbrella' }, reason: 'answers quoted another customer' },
  },
];
