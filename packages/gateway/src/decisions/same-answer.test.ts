import type { Decision } from '@rampart/core';
import { describe, expect, it } from 'vitest';
import { isSameDecision } from './same-answer.js';

/** With something in each part, so that a part which is added has to be thought of here. */
const WHOLE: Required<Decision> = {
  outcome: 'paywall',
  enabled: false,
  gate: 'tier',
  detail: 'tier_too_low',
  feature: 'ai.copilot',
  change: 'ai.copilot.v1',
  variant: 'large',
  binding: { model: 'large' },
  stage: 'ga',
  mode: 'suggestion',
  bands: { autoAbove: 0.95, confirmFrom: 0.8, reviewFrom: 0.6 },
  route: 'review',
  review: true,
  fallback: 'queue',
  disclosure: 'by AI',
  paywall: { currentTier: 'free', requiredTier: 'pro', upgradeUrl: 'https://example.com', message: 'Upgrade' },
  message: 'away',
  shadow: [],
  limits: { maxPerHour: 5 },
  revisions: { flag: 'f', consent: 'c', policy: 'p' },
};
const UNTOLD = new Set(['binding', 'shadow']);

const copy = (): Decision => structuredClone(WHOLE);

function variations(): readonly (readonly [part: string, decision: Decision])[] {
  return Object.entries(WHOLE).flatMap(([part, value]) => {
    if (UNTOLD.has(part)) return [];
    const without = [part, { ...copy(), [part]: part === 'revisions' ? {} : undefined } as Decision] as const;
    if (typeof value !== 'object') return [without, [part, { ...copy(), [part]: 'another' } as Decision] as const];
    const members = Object.keys(value as object).map(
      (name) =>
        [
          `${part}.${name}`,
          { ...copy(), [part]: Object.assign({}, value, { [name]: 'another' }) } as Decision,
        ] as const,
    );
    return [without, ...members];
  });
}

describe('two decisions', () => {
  it('are the same where a service is told the same', () => {
    expect(isSameDecision(WHOLE, copy())).toBe(true);
    expect(isSameDecision(WHOLE, { ...copy(), binding: 'another', shadow: [{} as never] })).toBe(true);
  });

  it.each(variations())('differ in %s', (_part, decision) => {
    expect(isSameDecision(WHOLE, decision)).toBe(false);
    expect(isSameDecision(decision, WHOLE)).toBe(false);
  });
});
