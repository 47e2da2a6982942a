import { describe, expect, it } from 'vitest';
import { NO_DECISION, readDecision } from './decision.js';

describe('readDecision', () => {
  it.each([
    ['nothing', undefined],
    ["a caller's default", {}],
    ['text', 'enabled'],
    ['a list', []],
    ['a decision that says enabled and means something else', { ...NO_DECISION, enabled: true }],
    ['an unknown outcome', { ...NO_DECISION, outcome: 'on' }],
    ['an unknown gate', { ...NO_DECISION, gate: 'none' }],
    ['one without revisions', { ...NO_DECISION, revisions: undefined }],
  ])('reads %s as closed', (_what, value) => {
    expect(readDecision(value)).toBe(NO_DECISION);
  });

  it('returns a decision as it is', () => {
    const decision = { ...NO_DECISION, outcome: 'enabled', enabled: true, gate: 'open' } as const;
    expect(readDecision(decision)).toBe(decision);
  });
});
