import { describe, expect, test } from 'vitest';
import { compileFlag, type RuleEvaluator, revisionOf } from './compile.js';
import { decide, decideFeature, type VerdictMemo } from './decide.js';
import type { FlagSnapshot } from './flag.js';
import type { FlagDefinition } from './flag-definition.js';
import { InMemoryControl } from './in-memory-control.js';
import { DEFAULT_TIERS } from './stages.js';
import { type Attributes, DEFAULT_CONTEXT_NAMES, readSubject } from './subject.js';

interface Equals {
  readonly attribute: string;
  readonly value: string;
}

const evaluator: RuleEvaluator = {
  targeting: (constraints) => (subject) =>
    (constraints as readonly Equals[]).every(({ attribute, value }) => subject.attributes[attribute] === value),
  variant: () => () => 0,
};

const feature: FlagDefinition = {
  name: 'ai.f',
  enabled: true,
  strategies: [{ name: 'aiAccess', parameters: { featureClass: 'c', minTier: 'enterprise' } }],
};

function changeWith(...constraints: readonly Equals[]): FlagDefinition {
  const rule = { name: 'aiStage', parameters: { stage: 'ga', rollout: '100', groupId: 'g' }, constraints };
  return { name: 'ai.f.v1', enabled: true, strategies: [rule], dependencies: [{ feature: 'ai.f' }] };
}

function snapshotOf(...definitions: readonly FlagDefinition[]): FlagSnapshot {
  const find = (name: string) => definitions.find((definition) => definition.name === name);
  const flags = definitions.map((definition) => compileFlag(definition, find, { tiers: DEFAULT_TIERS, evaluator }));
  return {
    flag: (name) => flags.find((flag) => flag.name === name),
    names: () => definitions.map(({ name }) => name),
    changesOf: (name) => flags.filter((flag) => flag.kind === 'change').filter((flag) => flag.feature === name),
  };
}

const control = new InMemoryControl();
control.apply({ kind: 'consent', tenant: 'acme', featureClass: 'c', consent: { state: 'opt_in' } });
const view = control.read('acme');
const subject = (more: Attributes) =>
  readSubject({ tenantId: 'acme', ...more }, { ...DEFAULT_CONTEXT_NAMES, tier: 'plan' });

describe('a paywall where the tier has a name of the caller’s own', () => {
  test('a constraint on the plan one has closes after paying', () => {
    const snapshot = snapshotOf(feature, changeWith({ attribute: 'plan', value: 'pro' }));
    const { decision } = decide(snapshot, 'ai.f.v1', subject({ plan: 'pro' }), view);
    expect(decision).toMatchObject({ outcome: 'off', gate: 'targeting', detail: 'change' });
  });

  test('a constraint that both plans meet', () => {
    const snapshot = snapshotOf(feature, changeWith({ attribute: 'site', value: 'x' }));
    const { decision } = decide(snapshot, 'ai.f.v1', subject({ plan: 'pro', site: 'x' }), view);
    expect(decision).toMatchObject({ outcome: 'paywall', paywall: { currentTier: 'pro', requiredTier: 'enterprise' } });
  });
});

describe('what a decision was made from', () => {
  const change = changeWith();
  const snapshot = snapshotOf(feature, change);
  const revisions = { consent: '1', policy: revisionOf(feature) };
  const entitled = subject({ plan: 'enterprise' });

  test('of a change', () => {
    expect(decide(snapshot, 'ai.f.v1', entitled, view).decision.revisions).toEqual({
      ...revisions,
      flag: revisionOf(change),
    });
  });

  test('of a feature: the change that answered', () => {
    expect(decide(snapshot, 'ai.f', entitled, view).decision.revisions).toEqual({
      ...revisions,
      flag: revisionOf(change),
    });
    expect(decide(snapshot, 'ai.f', subject({ plan: 'pro' }), view).decision.revisions.flag).toBe(revisionOf(change));
  });

  test('of a feature without changes: itself', () => {
    expect(decide(snapshotOf(feature), 'ai.f', entitled, view).decision.revisions).toEqual({
      ...revisions,
      flag: revisionOf(feature),
    });
  });

  test('of a gated flag', () => {
    const gated = { name: 'reports', enabled: true, dependencies: [{ feature: 'ai.f' }] };
    const { decision } = decide(snapshotOf(feature, gated), 'reports', entitled, view);
    expect(decision.revisions).toEqual({ ...revisions, flag: revisionOf(gated) });
  });

  test('of a change whose feature is missing', () => {
    const { decision } = decide(snapshotOf(change), 'ai.f.v1', entitled, undefined);
    expect(decision.revisions).toEqual({ flag: revisionOf(change), consent: undefined, policy: undefined });
  });

  test('of a missing flag', () => {
    expect(decide(snapshot, 'ai.g', entitled, view).decision).toMatchObject({
      detail: 'not_found',
      revisions: { flag: '', consent: '1' },
    });
  });
});

test('an ordinary flag is not decided here', () => {
  const { decision, reason, exposed, rule } = decide(
    snapshotOf({ name: 'reports', enabled: true }),
    'reports',
    subject({}),
    view,
  );
  expect(decision).toMatchObject({ outcome: 'off', gate: 'flag', detail: 'plain', feature: undefined });
  expect([reason, exposed, rule]).toEqual(['DISABLED', undefined, undefined]);
});

test('a gated flag whose feature is missing is closed, even without a reported problem', () => {
  const flag = {
    kind: 'gated',
    name: 'reports',
    enabled: true,
    feature: 'ai.gone',
    problems: [],
    revision: 'r',
  } as const;
  const snapshot: FlagSnapshot = {
    flag: (name) => (name === 'reports' ? flag : undefined),
    names: () => [],
    changesOf: () => [],
  };
  expect(decide(snapshot, 'reports', subject({}), view).decision).toMatchObject({
    outcome: 'off',
    gate: 'config',
    detail: 'aiAccess',
    feature: 'ai.gone',
  });
});

test('a change without rules is closed, even without a reported problem', () => {
  const whole = snapshotOf(feature, changeWith());
  const change = whole.flag('ai.f.v1');
  if (change?.kind !== 'change') throw new Error('no change');
  const empty = { ...change, rules: [], problems: [] };
  const snapshot: FlagSnapshot = { ...whole, flag: (name) => (name === 'ai.f.v1' ? empty : whole.flag(name)) };
  expect(decide(snapshot, 'ai.f.v1', subject({}), view).decision).toMatchObject({
    outcome: 'off',
    gate: 'config',
    detail: 'strategies',
  });
});

test('verdicts that are remembered are not judged again', () => {
  const snapshot = snapshotOf(feature, changeWith());
  const memo: VerdictMemo = new Map();
  const entitled = subject({ plan: 'enterprise' });
  expect(decide(snapshot, 'ai.f', entitled, view, undefined, memo).decision.enabled).toBe(true);
  expect(memo.size).toBe(1);
  expect(decide(snapshot, 'ai.f.v1', entitled, undefined, undefined, memo).decision.enabled).toBe(true);
});

test('a feature’s own gates can be asked alone, whatever changes it has', () => {
  const flag = snapshotOf(feature, changeWith({ attribute: 'never', value: 'x' })).flag('ai.f');
  if (flag?.kind !== 'feature') throw new Error('no feature');
  expect(decideFeature(flag, subject({ plan: 'enterprise' }), view)).toMatchObject({
    decision: { outcome: 'enabled', change: undefined },
    reason: 'TARGETING_MATCH',
  });
  expect(decideFeature(flag, subject({ plan: 'pro' }), view).decision.outcome).toBe('paywall');
  expect(
    decideFeature(flag, subject({ plan: 'enterprise' }), new InMemoryControl().read('acme')).decision.outcome,
  ).toBe('consent_required');
  expect(decideFeature(flag, subject({ plan: 'enterprise' }), undefined).decision).toMatchObject({
    gate: 'consent',
    detail: 'unknown',
  });
});

test('another ladder decides what is below', () => {
  const snapshot = snapshotOf(feature, changeWith());
  const settings = { tiers: ['enterprise', 'pro'] };
  expect(decide(snapshot, 'ai.f', subject({ plan: 'pro' }), view, settings).decision.outcome).toBe('enabled');
});
