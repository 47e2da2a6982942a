import { expect, it } from 'vitest';
import type { AdminFlag } from './admin-types.js';
import { currentChange } from './current-change.js';

type Parameters = Readonly<Record<string, string>>;

/** A change with these rules in `production`. */
const change = (name: string, rules: readonly Parameters[], more: { enabled?: boolean; disabled?: boolean } = {}) => {
  const strategies = rules.map((parameters) => ({
    name: 'aiStage',
    disabled: more.disabled ?? false,
    parameters: { stage: 'ga', rollout: '100', groupId: name, ...parameters },
  }));
  const environments = [{ name: 'production', enabled: more.enabled ?? true, strategies }];
  return { name, environments } as unknown as AdminFlag;
};
const current = (...changes: readonly AdminFlag[]) => currentChange(changes, 'production');

it('is none where no change is on', () => {
  expect(current()).toBeUndefined();
  expect(current(change('v1', [{}], { enabled: false }))).toBeUndefined();
  expect(current(change('v1', [{}], { disabled: true }))).toBeUndefined();
  expect(current(change('v1', [{ mode: 'shadow' }]))).toBeUndefined();
  expect(current(change('v1', [{ fallback: 'retry' }]))).toBeUndefined();
  expect(currentChange([change('v1', [{}])], 'development')).toBeUndefined();
});

it('is the change at the widest stage, then at the highest percentage, then the first by name', () => {
  expect(current(change('v1', [{ stage: 'canary' }]), change('v2', [{ stage: 'internal' }, {}]))).toBe('v2');
  expect(current(change('v1', [{ rollout: '10' }]), change('v2', [{ rollout: '90' }]))).toBe('v2');
  expect(current(change('v2', [{}]), change('v1', [{}]))).toBe('v1');
  expect(current(change('v1', [{ mode: 'shadow' }]), change('v2', [{ stage: 'internal' }]))).toBe('v2');
});

it('is the change that replaces that one at the same stage, as soon as it has a percentage', () => {
  const ramp = (rollout: string) => change('v2', [{ replaces: 'v1', rollout }]);
  expect(current(change('v1', [{}]), ramp('10'))).toBe('v2');
  expect(current(change('v1', [{}]), ramp('0'))).toBe('v1');
  expect(current(change('v1', [{}]), change('v2', [{ replaces: 'v1', stage: 'canary' }]))).toBe('v1');
  expect(current(change('v1', [{}]), ramp('10'), change('v3', [{ replaces: 'v2', rollout: '5' }]))).toBe('v3');
});
