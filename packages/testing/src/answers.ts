import {
  DEFAULT_BANDS,
  DEFAULT_UNAVAILABLE_MESSAGE,
  type Decision,
  type Gate,
  NO_DECISION,
  type Paywall,
  routeFor,
} from '@rampart/core';

/** Any fields of a decision; the others follow from the outcome. */
export type Answer = Partial<Decision>;

const GATE_OF: Readonly<Record<Decision['outcome'], Gate>> = {
  enabled: 'open',
  off: 'targeting',
  unavailable: 'kill',
  consent_required: 'consent',
  paywall: 'tier',
  shadow: 'mode',
};

const DETAIL_OF: Readonly<Partial<Record<Gate, string>>> = {
  consent: 'unset',
  tier: 'tier_too_low',
  mode: 'shadow',
  kill: 'feature_off',
};

const PAYWALL: Paywall = {
  currentTier: 'free',
  requiredTier: 'pro',
  upgradeUrl: 'https://example.com/upgrade',
  message: 'This feature needs the pro plan. You are on free.',
};

/**
 * Completes a decision as core would make it: `enabled` and gate follow from the outcome, `enabled` has a mode (suggestion) and
 * bands, `paywall` an offer, `unavailable` its message.
 *
 * @throws RangeError if the fields contradict each other
 */
export function decisionOf(flag: string, answer: Answer, confidence?: unknown): Decision {
  const outcome = answer.outcome ?? (answer.enabled === false ? 'off' : 'enabled');
  const enabled = outcome === 'enabled';
  const gate = answer.gate ?? GATE_OF[outcome];
  if ((answer.enabled ?? enabled) !== enabled || (gate === 'open') !== enabled) {
    throw new RangeError(
      `${flag}: outcome ${outcome} goes with neither enabled ${answer.enabled} nor gate ${gate}: leave them out`,
    );
  }
  const revisions = { flag: 'test', consent: 'test', policy: 'test' };
  const detail = gate === 'kill' && outcome === 'off' ? 'not_launched' : DETAIL_OF[gate];
  const base = { ...NO_DECISION, outcome, enabled, gate, detail, feature: flag, revisions };
  return { ...base, ...toDecisionFields(outcome, answer, confidence), ...answer, outcome, enabled, gate };
}

function toDecisionFields(outcome: Decision['outcome'], answer: Answer, confidence: unknown): Answer {
  switch (outcome) {
    case 'enabled': {
      const { mode = 'suggestion', bands = DEFAULT_BANDS } = answer;
      const route = confidence === undefined ? undefined : routeFor(mode, bands, confidence);
      return { mode, bands, stage: 'ga', fallback: 'queue', review: false, limits: { maxPerHour: undefined }, route };
    }
    case 'paywall':
      return { paywall: PAYWALL };
    case 'unavailable':
      return { message: DEFAULT_UNAVAILABLE_MESSAGE };
    default:
      return {};
  }
}
