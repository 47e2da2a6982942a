import { type Attributes, DEFAULT_CONTEXT_NAMES, type FlagDefinition, InMemoryControl } from '@rampart/core';
import { describe, expect, it } from 'vitest';
import { type PreviewOptions, preview } from './preview.js';

const FEATURE: FlagDefinition = {
  name: 'ai.x',
  enabled: true,
  strategies: [{ name: 'aiAccess', parameters: { featureClass: 'support', minTier: 'pro', exclude: 'hipaa' } }],
};
const OLD: FlagDefinition = { name: 'old', enabled: true, strategies: [{ name: 'default' }] };

const tenant = (tenantId: string, tier: string, labels = ''): Attributes => ({ tenantId, tier, labels });
const SUBJECTS: readonly Attributes[] = [
  tenant('free', 'free'),
  tenant('pro', 'pro'),
  tenant('big', 'enterprise'),
  tenant('med', 'enterprise', 'hipaa'),
  tenant('silent', 'enterprise'),
];

function consented(...tenants: readonly string[]): InMemoryControl {
  const control = new InMemoryControl();
  for (const name of tenants) {
    control.apply({ kind: 'consent', tenant: name, featureClass: 'support', consent: { state: 'opt_in' } });
  }
  return control;
}

const options = (more: Partial<PreviewOptions> = {}): PreviewOptions => ({
  definitions: [FEATURE, OLD],
  subjects: SUBJECTS,
  feature: 'ai.x',
  control: consented('free', 'pro', 'big', 'med'),
  ...more,
});
const changes = (more: Partial<PreviewOptions> = {}) =>
  preview(options(more)).map(({ subject, change }) => [subject['tenantId'], change]);

describe('a parameter that changes', () => {
  it('upwards loses some', () => {
    expect(changes({ set: { minTier: 'enterprise' } })).toEqual([
      ['free', 'stays out'],
      ['pro', 'loses'],
      ['big', 'keeps'],
      ['med', 'stays out'],
      ['silent', 'stays out'],
    ]);
  });

  it('cleared gains some, but nobody without consent', () => {
    expect(changes({ set: { minTier: '', exclude: '' } })).toEqual([
      ['free', 'gains'],
      ['pro', 'keeps'],
      ['big', 'keeps'],
      ['med', 'gains'],
      ['silent', 'stays out'],
    ]);
  });

  it('tells before, after and the decision behind', () => {
    const [, pro] = preview(options({ set: { minTier: 'enterprise' } }));
    expect(pro).toMatchObject({ before: true, after: false, decision: { outcome: 'paywall', gate: 'tier' } });
  });

  it('leaves the definitions as they are', () => {
    const before = structuredClone(FEATURE);
    preview(options({ set: { minTier: 'free' } }));
    expect(FEATURE).toEqual(before);
  });

  it('is judged by the feature’s own gates, whatever its changes are', () => {
    const change: FlagDefinition = {
      name: 'ai.x.v',
      enabled: false,
      dependencies: [{ feature: 'ai.x', enabled: true }],
      strategies: [{ name: 'aiStage', parameters: { stage: 'internal', groupId: 'g' } }],
    };
    expect(changes({ definitions: [FEATURE, change], set: { minTier: 'free' } })[1]).toEqual(['pro', 'keeps']);
  });

  it('follows other names and another ladder', () => {
    const names = { ...DEFAULT_CONTEXT_NAMES, tenantId: 'org', tier: 'plan' };
    const subjects = [{ org: 'pro', plan: 'gold', labels: '' }];
    const control = consented('pro');
    const more = { subjects, control, contextNames: names, tiers: ['pro', 'gold'], set: { minTier: 'gold' } };
    expect(preview(options(more))[0]?.change).toBe('keeps');
  });
});

describe('a flag that gets the feature as its parent', () => {
  const onFor = (...tenants: readonly string[]): PreviewOptions['isEnabled'] => {
    return (_, { tenantId }) => tenants.includes(String(tenantId));
  };

  it('only ever loses: its own rules stay', () => {
    expect(changes({ flag: 'old', isEnabled: onFor('free', 'pro', 'silent') })).toEqual([
      ['free', 'loses'],
      ['pro', 'keeps'],
      ['big', 'stays out'],
      ['med', 'stays out'],
      ['silent', 'loses'],
    ]);
  });

  it('asks today’s answer of that flag', () => {
    const asked: string[] = [];
    const isEnabled = (name: string) => asked.push(name) > 0;
    preview(options({ flag: 'old', isEnabled, subjects: [tenant('pro', 'pro')] }));
    expect(asked).toEqual(['old']);
  });

  it('can be tried together with a parameter', () => {
    expect(changes({ flag: 'old', isEnabled: onFor('free'), set: { minTier: '' } })[0]).toEqual(['free', 'keeps']);
  });
});

describe('refuses', () => {
  it.each<[string, Partial<PreviewOptions>, RegExp]>([
    ['a feature that is not there', { feature: 'ai.nope' }, /there is no flag "ai.nope"/],
    ['a feature that is none', { feature: 'old' }, /old carries no aiAccess rule/],
    ['a flag that is not there', { flag: 'nope', isEnabled: () => true }, /there is no flag "nope"/],
    ['a flag that is a feature', { flag: 'ai.x', isEnabled: () => true }, /ai.x carries aiAccess: name an ordinary/],
    ['a flag without today’s answer', { flag: 'old' }, /pass isEnabled/],
    ['a parameter that is not there', { set: { minTeir: 'pro' } }, /no parameter "minTeir": use one of featureClass/],
    ['a prototype name', { set: { constructor: 'pro' } }, /no parameter "constructor"/],
    ['a value that would close it', { set: { minTier: 'platinum' } }, /aiAccess.minTier = "platinum": use a tier/],
  ])('%s', (_, more, message) => {
    expect(() => preview(options(more))).toThrow(RangeError);
    expect(() => preview(options(more))).toThrow(message);
  });

  it('but not for what was wrong before', () => {
    const broken = {
      ...FEATURE,
      strategies: [{ name: 'aiAccess', parameters: { featureClass: 'support', consent: 'x' } }],
    };
    expect(preview(options({ definitions: [broken], set: { minTier: 'pro' } }))[1]?.decision.gate).toBe('config');
  });
});
