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

  it.each([
    ['rollout', 'above'],
    ['stage', 'canary'],
    ['exclusion', 'escalation'],
    ['config', 'rampart.stage'],
    ['force_off', 'override'],
    ['mode', 'shadow'],
  ] as const)('of one that is off says neither why nor by what change: %s', (gate, detail) => {
    const off: Decision = { ...open, outcome: gate === 'mode' ? 'shadow' : 'off', enabled: false, gate, detail };
    expect(shown(off, 'ticket')).toEqual({
      outcome: 'off',
      enabled: false,
      feature: 'ai.copilot',
      revisions: { consent: 'c' },
    });
  });

  it.each([
    ['consent', 'opted_out', { gate: 'consent', detail: 'opted_out' }],
    ['tier', 'tier_too_low', { gate: 'tier', detail: 'tier_too_low' }],
    ['exclusion', 'opted_out', { gate: 'exclusion', detail: 'opted_out' }],
  ] as const)('of one that is off by its own tenant or user says so: %s', (gate, detail, reason) => {
    expect(shown({ ...open, outcome: 'off', enabled: false, gate, detail })).toMatchObject(reason);
  });

  it('of one that was never launched says no more than that it is off', () => {
    const page = shown({ ...open, outcome: 'off', enabled: false, gate: 'kill', detail: 'not_launched' });
    expect(page).toMatchObject({ outcome: 'off', enabled: false });
    for (const name of ['gate', 'detail', 'message']) expect(page).not.toHaveProperty(name);
  });

  it('of one that is unavailable says that, with its message, and not which kill it was', () => {
    const killed: Decision = { ...open, outcome: 'unavailable', enabled: false, gate: 'kill', detail: 'k-7' };
    const page = shown({ ...killed, message: 'back soon' }, 'ticket');
    expect(page).toMatchObject({ outcome: 'unavailable', gate: 'kill', message: 'back soon' });
    for (const name of ['detail', 'change', 'variant', 'feedback']) expect(page).not.toHaveProperty(name);
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
