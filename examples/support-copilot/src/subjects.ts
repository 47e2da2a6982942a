import type { ControlChange, Decision, Route, TenantFacts } from '@rampart/sdk';
import { AGENT, COPILOT, EXISTING } from './operator.js';

const facts = (tier: string, region: string, more: TenantFacts = {}): TenantFacts => ({
  tier,
  region,
  labels: [],
  cohorts: [],
  ...more,
});

/** What the service's own database knows of its customers. */
const TENANTS: ReadonlyMap<string, TenantFacts> = new Map([
  ['meadow', facts('free', 'us')],
  ['papermill', facts('pro', 'us')],
  ['umbrella', facts('pro', 'us')],
  ['maple', facts('pro', 'ap')],
  ['orchard', facts('pro', 'eu')],
  ['northwind', facts('pro', 'eu')],
  ['lighthouse', facts('starter', 'us')],
  ['globex', facts('enterprise', 'us')],
  ['initech', facts('enterprise', 'us')],
  ['willow', facts('enterprise', 'eu')],
  ['stjude', facts('enterprise', 'us', { labels: ['hipaa'] })],
  ['supportly', facts('enterprise', 'us', { cohorts: ['internal'] })],
]);

/** Finds a customer's facts. Undefined, as for anything missing, closes AI features. */
export function directory(tenantId: string): TenantFacts | undefined {
  return TENANTS.get(tenantId);
}

/** What is on record before the demo starts: consents, and how well prompt-v17 knows what it knows. */
export const ON_RECORD: readonly ControlChange[] = [
  { kind: 'consent', tenant: 'orchard', featureClass: 'support_copilot', consent: { state: 'opt_out' } },
  { kind: 'consent', tenant: 'willow', featureClass: 'refund_agent', consent: { state: 'opt_in' } },
  { kind: 'calibration', change: `${COPILOT}.prompt-v17`, error: 0.03 },
];

/** What is shown of an answer, and compared with what was expected. */
export interface Shown {
  readonly outcome: string;
  readonly gate: string;
  readonly variant?: string | undefined;
  readonly mode?: Decision['mode'];
  readonly route?: Route | undefined;
}

/** Somebody who asks. */
export interface Subject {
  readonly who: string;
  readonly tenant: string;
  readonly flag: typeof COPILOT | typeof AGENT | typeof EXISTING;
  readonly question: string;
  readonly expected: Shown;
}

const SURE = 'How do I change my password?';
const FAIR = 'Where is my last invoice?';
const POOR = 'Why is it slow since Tuesday?';
const REFUND = 'May this customer have a refund?';

const open = (variant: string, mode: Decision['mode'], route: Route): Shown => ({
  outcome: 'enabled',
  gate: 'open',
  variant,
  mode,
  route,
});
const copilot = (who: string, tenant: string, expected: Shown, question: string = SURE): Subject => ({
  who,
  tenant,
  flag: COPILOT,
  question,
  expected,
});
const agent = (who: string, tenant: string, expected: Shown): Subject => ({
  who,
  tenant,
  flag: AGENT,
  question: REFUND,
  expected,
});
const existing = (who: string, tenant: string, outcome: string, gate: string): Subject => ({
  who,
  tenant,
  flag: EXISTING,
  question: '',
  expected: { outcome, gate },
});

export const SUBJECTS: readonly Subject[] = [
  copilot('free plan', 'meadow', { outcome: 'paywall', gate: 'tier' }),
  copilot('pro, model is sure', 'papermill', open('v17', 'autonomous', 'auto')),
  copilot('pro, fairly sure', 'papermill', open('v17', 'autonomous', 'confirm'), FAIR),
  copilot('pro, low confidence', 'papermill', open('v17', 'autonomous', 'human'), POOR),
  copilot('pro, outside the 90%', 'umbrella', { outcome: 'off', gate: 'rollout' }),
  copilot('pro, wrong region', 'maple', { outcome: 'off', gate: 'region' }),
  copilot('pro, opted out', 'orchard', { outcome: 'off', gate: 'consent' }),
  copilot('pro, canary tenant', 'northwind', open('v19', 'suggestion', 'review')),
  copilot('flagship, forced on', 'lighthouse', open('v19', 'suggestion', 'review')),
  copilot('our own staff', 'supportly', open('v19', 'suggestion', 'review')),
  copilot('enterprise, in the 50%', 'globex', open('v18-formal', 'confirmation', 'confirm')),
  copilot('enterprise, past the 50%', 'initech', open('v17', 'autonomous', 'auto')),
  copilot('enterprise, HIPAA data', 'stjude', { outcome: 'off', gate: 'exclusion' }),
  agent('enterprise, consent unset', 'globex', { outcome: 'consent_required', gate: 'consent' }),
  agent('enterprise, consent given', 'willow', open('policy-v1', 'confirmation', 'confirm')),
  existing('pro', 'papermill', 'true', 'open'),
  existing('free plan', 'meadow', 'false', 'tier'),
  existing('pro, opted out', 'orchard', 'false', 'consent'),
];
