import {
  type Attributes,
  DEFAULT_CONTEXT_NAMES,
  type FlagDefinition,
  InMemoryControl,
  type RuleDefinition,
} from '@rampart/core';
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

  it('cleared gains some, but none without consent', () => {
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

describe('a subject whose answer today can not be known', () => {
  const split = (stickiness: string | undefined, rollout = '50'): RuleDefinition => ({
    name: 'flexibleRollout',
    parameters: { rollout, groupId: 'old', ...(stickiness !== undefined && { stickiness }) },
  });
  const compares = (contextName: string, operator = 'IN', values: readonly string[] = ['x']): RuleDefinition => ({
    name: 'default',
    constraints: [{ contextName, operator, values }],
  });
  const answer = (
    strategies: readonly RuleDefinition[],
    attributes: Attributes = {},
    more: Partial<FlagDefinition> = {},
  ) => {
    const old = { ...OLD, strategies, ...more };
    const parents = [
      { name: 'split-parent', enabled: true, strategies: [split('userId')] },
      { name: 'open-parent', enabled: true, strategies: [{ name: 'default' }] },
    ];
    const subjects = [{ ...tenant('pro', 'pro'), ...attributes }];
    const definitions = [FEATURE, old, ...parents];
    return preview(options({ definitions, subjects, flag: 'old', isEnabled: () => true }))[0];
  };
  const user = { targetingKey: 'user-1' };

  it.each<[string, readonly RuleDefinition[], Attributes, RegExp | undefined]>([
    ['stickiness of an attribute', [split('accountId')], user, /^no accountId, which the rollout hashes$/],
    ['an empty one', [split('accountId')], { accountId: '' }, /^no accountId/],
    ['stickiness at 100%', [split('accountId', '100')], user, /^no accountId/],
    ['stickiness by tenant', [split('tenantId')], {}, undefined],
    ['default stickiness', [split('default')], {}, /^no userId or sessionId, which the rollout hashes$/],
    ['no stickiness', [split(undefined)], {}, /^no userId or sessionId/],
    ['default stickiness with a user', [split('default')], user, undefined],
    ['default stickiness with a session', [split('default')], { sessionId: 's' }, undefined],
    ['default stickiness at 100%', [split('default', '100')], {}, undefined],
    ['default stickiness at 0%', [split('default', '0')], {}, undefined],
    ['random', [split('random')], user, /^a random number/],
    ['random at 100%', [split('random', '100')], {}, undefined],
    ['older strategies: user', [{ name: 'gradualRolloutUserId', parameters: { percentage: '50' } }], {}, /^no userId/],
    [
      'older strategies: session',
      [{ name: 'gradualRolloutSessionId', parameters: { percentage: '50' } }],
      user,
      /^no sessionId/,
    ],
    [
      'older strategies: random',
      [{ name: 'gradualRolloutRandom', parameters: { percentage: '50' } }],
      user,
      /^a random/,
    ],
    ['users by id', [{ name: 'userWithId', parameters: { userIds: 'u' } }], {}, /^no userId, which a list compares$/],
    ['addresses', [{ name: 'remoteAddress', parameters: { IPs: '::1' } }], user, /^no remoteAddress/],
    ['hosts', [{ name: 'applicationHostname', parameters: { hostNames: 'h' } }], user, /the host that asks/],
    ["a service's own strategy", [{ name: 'beta-list' }], user, /^strategy beta-list is known only/],
    ['a constraint', [compares('country')], user, /^no country, which a constraint compares$/],
    ['a constraint that a missing value would meet', [compares('country', 'NOT_IN')], user, /^no country/],
    ['a constraint of a segment', [{ name: 'default', segments: [compares('country')] }], user, /^no country/],
    ['a constraint with an empty value', [compares('country')], { country: '' }, undefined],
    ['a constraint on the time', [compares('currentTime', 'DATE_AFTER')], {}, undefined],
    [
      'another constraint that is not met',
      [
        {
          ...compares('country'),
          constraints: [...(compares('country').constraints ?? []), ...(compares('plan').constraints ?? [])],
        },
      ],
      { plan: 'y' },
      undefined,
    ],
    ['another strategy that is open', [split('accountId'), { name: 'default' }], {}, undefined],
    ['another strategy that is closed', [split('accountId'), split('tenantId', '0')], {}, /^no accountId/],
    [
      'a strategy that is switched off',
      [{ ...split('accountId'), disabled: true } as RuleDefinition, { name: 'default' }],
      {},
      undefined,
    ],
  ])('%s', (_, strategies, attributes, reason) => {
    const row = answer(strategies, attributes);
    if (reason === undefined) expect(row).toMatchObject({ before: true, unknownBecause: [] });
    else
      expect(row).toMatchObject({
        change: 'unknown',
        before: 'unknown',
        after: 'unknown',
        unknownBecause: [expect.stringMatching(reason)],
      });
  });

  it('is reported with its parent', () => {
    const under = (feature: string) => answer([{ name: 'default' }], {}, { dependencies: [{ feature }] })?.change;
    expect([under('split-parent'), under('open-parent')]).toEqual(['unknown', 'keeps']);
  });

  it('is not reported if the flag is off', () => {
    expect(answer([split('accountId')], {}, { enabled: false })?.unknownBecause).toEqual([]);
  });

  it('is reported for constraints of the feature, unless something else closes it', () => {
    const [rule] = FEATURE.strategies ?? [];
    const constraints = [{ contextName: 'country', operator: 'IN', values: ['x'] }];
    const definitions = [{ ...FEATURE, strategies: [{ ...rule, constraints } as RuleDefinition] }, OLD];
    const more = { definitions, set: { minTier: 'enterprise' } };
    expect(changes(more).map(([, change]) => change)).toEqual([
      'stays out',
      'unknown',
      'unknown',
      'stays out',
      'stays out',
    ]);
    const subjects = [
      { ...tenant('big', 'enterprise'), country: 'x' },
      { ...tenant('big', 'enterprise'), country: '' },
    ];
    expect(changes({ ...more, subjects }).map(([, change]) => change)).toEqual(['keeps', 'stays out']);
  });
});

describe('a subject without a fact that the policy compares', () => {
  const subjects: readonly Attributes[] = [
    { tenantId: 'pro', labels: '' },
    { tenantId: 'pro', tier: 'pro' },
    { tenantId: 'pro', tier: null as unknown as string, labels: 'hipaa' },
    { tenantId: 'silent' },
  ];

  it.each<[string, Readonly<Record<string, string>>]>([
    ['a stricter tier', { minTier: 'business' }],
    ['no tier any more', { minTier: '', maxMode: 'suggestion' }],
    ['no labels any more', { exclude: '' }],
  ])('is unknown, unless something else closes: %s', (_, set) => {
    const rows = preview(options({ subjects, set }));
    expect(rows.map(({ change }) => change)).toEqual([
      'unknown',
      'unknown',
      set['exclude'] === '' ? 'unknown' : 'stays out',
      'stays out',
    ]);
    expect(rows.slice(0, 2).map(({ unknownBecause }) => unknownBecause)).toEqual([
      ['no tier, which minTier of ai.x compares'],
      ['no labels, which exclude of ai.x compares'],
    ]);
  });

  it('is known where the policy compares none of them', () => {
    const access = { name: 'aiAccess', parameters: { featureClass: 'support' } };
    const definitions = [{ ...FEATURE, strategies: [access] }];
    expect(changes({ definitions, subjects: [{ tenantId: 'pro' }], set: { maxMode: 'suggestion' } })).toEqual([
      ['pro', 'keeps'],
    ]);
  });

  it('reads the attributes under the names that are configured', () => {
    const contextNames = { ...DEFAULT_CONTEXT_NAMES, tier: 'plan' };
    const more = { contextNames, subjects: [tenant('pro', 'pro')], set: { minTier: 'business' } };
    expect(preview(options(more))[0]?.unknownBecause).toEqual(['no plan, which minTier of ai.x compares']);
  });

  it('loses a flag that is on today', () => {
    const more = { flag: 'old', isEnabled: () => true, subjects: [{ tenantId: 'pro', tier: 'pro' }] };
    expect(preview(options(more))[0]).toMatchObject({ change: 'loses', decision: { gate: 'exclusion' } });
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
