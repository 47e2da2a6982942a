import { type Decision, NO_DECISION } from '@rampart/core';
import { describe, expect, it } from 'vitest';
import { browserDecision } from './browser-decision.js';

const open: Decision = {
  ...NO_DECISION,
  outcome: 'enabled',
  enabled: true,
  gate: 'open',
  detail: undefined,
  feature: 'ai.copilot',
  change: 'ai.copilot.v1',
  variant: 'blue',
  binding: { prompt: 'secret' },
  stage: 'canary',
  mode: 'confirmation',
  bands: { autoAbove: 0.9, confirmFrom: 0.8, reviewFrom: 0.5 },
  route: 'confirm',
  review: true,
  fallback: 'queue',
  disclosure: 'Written by AI',
  shadow: [{ change: 'ai.copilot.v2', variant: 'b', binding: { prompt: 'secret' } }],
  limits: { maxPerHour: 5 },
  revisions: { flag: 'f', consent: 'c', policy: 'p' },
};
const shown = (decision: Decision, feedback?: string) =>
  JSON.parse(JSON.stringify(browserDecision(decision, feedback)));

describe('what a page sees', () => {
  it('of an open decision is this and no more', () => {
    expect(shown(open, 'ticket')).toEqual({
      outcome: 'enabled',
      enabled: true,
      gate: 'open',
      feature: 'ai.copilot',
      change: 'ai.copilot.v1',
      variant: 'blue',
      mode: 'confirmation',
      review: true,
      fallback: 'queue',
      disclosure: 'Written by AI',
      revisions: { consent: 'c' },
      feedback: 'ticket',
    });
  });

  it('of a closed one names no change, no variant, and brings no ticket', () => {
    const closed: Decision = { ...open, outcome: 'off', enabled: false, gate: 'rollout', detail: 'above' };
    expect(shown(closed, 'ticket')).toEqual({
      outcome: 'off',
      enabled: false,
      gate: 'rollout',
      detail: 'above',
      feature: 'ai.copilot',
      review: true,
      fallback: 'queue',
      disclosure: 'Written by AI',
      revisions: { consent: 'c' },
    });
  });

  it('of a shadow run is that it is off, and not why', () => {
    const shadow: Decision = {
      ...open,
      outcome: 'shadow',
      enabled: false,
      gate: 'mode',
      detail: 'shadow',
      mode: 'shadow',
    };
    expect(shown(shadow)).toEqual({
      outcome: 'off',
      enabled: false,
      feature: 'ai.copilot',
      revisions: { consent: 'c' },
    });
  });

  it.each([
    ['true', { public: true, hint: 1 }, true],
    ['another word', { public: 'true' }, false],
    ['a word further in', { inner: { public: true } }, false],
    ['inherited', Object.create({ public: true }), false],
    ['in a list', [{ public: true }], false],
    ['a text', 'public', false],
  ])('of a binding is all of it where it says public itself: %s', (_, binding, isShown) => {
    expect('binding' in shown({ ...open, binding })).toBe(isShown);
  });
});
