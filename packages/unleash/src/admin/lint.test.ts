import {
  AI_ACCESS,
  AI_STAGE,
  type DependencyDefinition,
  type FlagDefinition,
  type RuleDefinition,
} from '@rampart/core';
import { describe, expect, it } from 'vitest';
import { type LintFinding, type LintOptions, lint } from './lint.js';

type Parameters = Readonly<Record<string, string>>;

const access = (parameters: Parameters = {}): RuleDefinition => ({
  name: 'aiAccess',
  parameters: { featureClass: 'support', ...parameters },
});
const stage = (parameters: Parameters = {}): RuleDefinition => ({
  name: 'aiStage',
  parameters: { stage: 'ga', groupId: 'g', ...parameters },
});
const foreign: RuleDefinition = { name: 'flexibleRollout', parameters: { rollout: '100' } };
const flag = (name: string, strategies: readonly RuleDefinition[], more: object = {}): FlagDefinition => ({
  name,
  enabled: true,
  strategies,
  ...more,
});
const under = (...dependencies: readonly (string | DependencyDefinition)[]) => ({
  dependencies: dependencies.map((parent) =>
    typeof parent === 'string' ? { feature: parent, enabled: true } : parent,
  ),
});
const FEATURE = flag('ai.x', [access()], { type: 'kill-switch' });
const PLAIN = flag('plain', [foreign]);
const disabled = (rule: RuleDefinition): RuleDefinition => ({ ...rule, disabled: true }) as RuleDefinition;

const found = (definitions: readonly FlagDefinition[], options?: LintOptions): readonly LintFinding[] =>
  lint(definitions, options);

it('finds nothing in a sound environment, nor in ordinary flags', () => {
  const change = flag('ai.x.v1', [stage(), stage({ rollout: '50' })], { type: 'release', ...under('ai.x') });
  const gated = flag('old', [foreign], under('ai.x'));
  const byMap = flag('older', [foreign], under('plain'));
  expect(found([FEATURE, change, gated, byMap, PLAIN], { gates: { older: 'ai.x' } })).toEqual([]);
});

/** Every configuration error of the design, each as flags of an environment and the one finding. */
const ERRORS: readonly (readonly [what: string, flags: readonly FlagDefinition[], finding: Partial<LintFinding>])[] = [
  [
    'two aiAccess rules',
    [flag('ai.x', [access(), access()])],
    { flag: 'ai.x', field: 'strategies', value: 'aiAccess × 2', fix: 'keep exactly one aiAccess rule' },
  ],
  [
    'another strategy beside aiAccess',
    [flag('ai.x', [access(), foreign])],
    { flag: 'ai.x', field: 'strategies', value: 'flexibleRollout' },
  ],
  [
    'aiStage beside aiAccess',
    [flag('ai.x', [access(), stage()])],
    { flag: 'ai.x', field: 'strategies', value: 'aiStage' },
  ],
  [
    'another strategy beside aiStage',
    [FEATURE, flag('ai.x.v', [stage(), foreign], under('ai.x'))],
    { flag: 'ai.x.v', field: 'strategies' },
  ],
  [
    'a feature with a parent',
    [flag('ai.y', [access()], under('plain')), PLAIN],
    { flag: 'ai.y', field: 'dependencies', value: 'plain', fix: 'a feature flag must not have a parent' },
  ],
  [
    'a change without a parent',
    [flag('ai.x.v', [stage()])],
    { flag: 'ai.x.v', field: 'dependencies', value: '', fix: 'give the change exactly one parent: its feature flag' },
  ],
  [
    'a change with two parents',
    [FEATURE, flag('ai.y', [access()]), flag('ai.x.v', [stage()], under('ai.x', 'ai.y'))],
    { flag: 'ai.x.v', field: 'dependencies', value: 'ai.x, ai.y' },
  ],
  [
    'a change under an ordinary flag',
    [PLAIN, flag('ai.x.v', [stage()], under('plain'))],
    {
      flag: 'ai.x.v',
      field: 'dependencies',
      value: 'plain',
      fix: 'the parent must be a flag that carries aiAccess',
    },
  ],
  [
    'a change under a flag that is not there',
    [flag('ai.x.v', [stage()], under('ai.gone'))],
    { flag: 'ai.x.v', field: 'dependencies', value: 'ai.gone' },
  ],
  [
    'a change under a feature that must be off',
    [FEATURE, flag('ai.x.v', [stage()], under({ feature: 'ai.x', enabled: false }))],
    { flag: 'ai.x.v', field: 'dependencies', fix: 'depend on the parent as enabled, without variants' },
  ],
  [
    'a change under a variant of the feature',
    [FEATURE, flag('ai.x.v', [stage()], under({ feature: 'ai.x', enabled: true, variants: ['a'] }))],
    { flag: 'ai.x.v', field: 'dependencies', fix: 'depend on the parent as enabled, without variants' },
  ],
  [
    'an ordinary flag under a feature that must be off',
    [FEATURE, flag('old', [foreign], under({ feature: 'ai.x', enabled: false }))],
    { flag: 'old', field: 'dependencies' },
  ],
  [
    'a flag named ai.* with neither strategy',
    [flag('ai.z', [{ name: 'default' }])],
    { flag: 'ai.z', field: 'strategies', value: 'default' },
  ],
  ['a flag named ai.* without rules', [flag('ai.z', [])], { flag: 'ai.z', field: 'strategies', value: '' }],
  [
    'an ordinary flag under a feature, named ai.*',
    [FEATURE, flag('ai.z', [foreign], under('ai.x'))],
    { flag: 'ai.z', field: 'strategies', value: 'flexibleRollout' },
  ],
  [
    'a binding that is no JSON',
    [
      FEATURE,
      flag(
        'ai.x.v',
        [{ ...stage(), variants: [{ name: 'a', weight: 1000, payload: { type: 'json', value: '{' } }] }],
        under('ai.x'),
      ),
    ],
    { flag: 'ai.x.v', field: 'binding of variant a', value: '{' },
  ],
];

describe('configuration errors', () => {
  it.each(ERRORS)('%s', (_, flags, finding) => {
    const errors = found(flags).filter(({ severity }) => severity === 'error');
    expect(errors).toEqual([expect.objectContaining({ severity: 'error', ...finding })]);
    expect(errors[0]?.fix).not.toBe('');
  });

  it('come first, before the warnings', () => {
    const flags = [flag('y', [access()], { type: 'release' }), flag('ai.z', [])];
    expect(found(flags).map(({ severity }) => severity)).toEqual(['error', 'warning', 'warning']);
  });
});

/** Per parameter a value that doesn't parse; those that take any text have none. */
const MALFORMED: Readonly<Record<string, Parameters>> = {
  aiAccess: {
    featureClass: 'has space',
    consent: 'maybe',
    consentVersion: '1.5',
    userOptIn: ',',
    minTier: 'platinum',
    upgradeUrl: 'javascript:alert(1)',
    exclude: ' , ',
    forceOn: ',',
    forceOff: ',',
    maxMode: 'yolo',
    maxCalibrationError: '1.01',
    priority: 'P3',
  },
  aiStage: {
    stage: 'beta',
    tenants: ',',
    tiers: 'platinum',
    regions: ',',
    rollout: '101',
    stickiness: 'random',
    mode: 'yolo',
    autoAbove: 'NaN',
    confirmFrom: '-0.1',
    reviewFrom: '2',
    fallback: 'explode',
    maxComplexity: 'hard',
    humanReview: '-1',
    shadowSample: '100.5',
    maxPerHour: '1e3',
    consentVersion: '-1',
    forceOn: ',',
    forceOff: ',',
  },
};
const FREE_TEXT: readonly string[] = ['unavailableMessage', 'groupId', 'replaces', 'disclosure'];

describe('a parameter that does not parse', () => {
  const cases = Object.entries(MALFORMED).flatMap(([strategy, values]) =>
    Object.entries(values).map(([name, value]) => [`${strategy}.${name}`, name, value] as const),
  );

  it.each(cases)('%s', (field, name, value) => {
    const flags = field.startsWith('aiAccess')
      ? [flag('ai.x', [access({ [name]: value })])]
      : [FEATURE, flag('ai.x.v', [stage({ [name]: value })], under('ai.x'))];
    expect(found(flags)[0]).toMatchObject({ severity: 'error', field, value: value.trim() });
  });

  it('is tried for every parameter there is', () => {
    for (const { name: strategy, parameters } of [AI_ACCESS, AI_STAGE]) {
      const names = parameters.map(({ name }) => name).filter((name) => !FREE_TEXT.includes(name));
      expect(Object.keys(MALFORMED[strategy] ?? {})).toEqual(names);
    }
  });

  it.each([
    ['aiAccess.featureClass', [flag('ai.x', [access({ featureClass: '' })])]],
    ['aiStage.stage', [FEATURE, flag('ai.x.v', [stage({ stage: '' })], under('ai.x'))]],
    ['aiStage.groupId', [FEATURE, flag('ai.x.v', [stage({ groupId: '' })], under('ai.x'))]],
  ])('%s is required', (field, flags) => {
    expect(found(flags)).toEqual([expect.objectContaining({ severity: 'error', field, value: '' })]);
  });

  it('bands in the wrong order', () => {
    const flags = [FEATURE, flag('ai.x.v', [stage({ autoAbove: '0.5' })], under('ai.x'))];
    expect(found(flags)).toEqual([expect.objectContaining({ field: 'aiStage.autoAbove', value: '0.5' })]);
  });

  it('is reported once, however many rules have it', () => {
    const flags = [FEATURE, flag('ai.x.v', [stage({ rollout: '101' }), stage({ rollout: '101' })], under('ai.x'))];
    expect(found(flags)).toHaveLength(1);
  });

  it('follows the tier ladder that is given', () => {
    const flags = [flag('ai.x', [access({ minTier: 'platinum' })])];
    expect(found(flags, { tiers: ['basic', 'platinum'] })).toEqual([]);
  });
});

describe('the gates map', () => {
  it('names a flag that is not there', () => {
    const expected = { severity: 'error', flag: 'gone', field: 'gates', value: 'gone' };
    expect(found([FEATURE], { gates: { gone: 'ai.x' } })).toEqual([expect.objectContaining(expected)]);
  });

  it('names a feature that is none', () => {
    const expected = { severity: 'error', flag: 'plain', field: 'gates', value: 'other' };
    expect(found([PLAIN], { gates: { plain: 'other' } })).toEqual([expect.objectContaining(expected)]);
  });

  it('may hold flags named like something every object has', () => {
    const flags = [FEATURE, flag('constructor', [foreign]), flag('__proto__', [foreign])];
    expect(found(flags, { gates: { constructor: 'ai.x' } })).toEqual([]);
  });
});

it('a flag that is not set up in this environment, off and without rules, is a warning only', () => {
  const unused = (name: string, more: object = {}) => flag(name, [], { enabled: false, ...more });
  const findings = found([unused('ai.x'), unused('ai.x.v1', { dependencies: [{ feature: 'ai.x' }] })]);
  expect(findings.map(({ severity, flag: name, field }) => [severity, name, field])).toEqual([
    ['warning', 'ai.x', 'strategies'],
    ['warning', 'ai.x.v1', 'strategies'],
  ]);
  expect(found([flag('ai.x', [])])[0]?.severity).toBe('error');
});

describe('disabled rules', () => {
  it('never reach clients, so they are no errors', () => {
    expect(found([flag('ai.x', [access(), disabled(access({ consent: 'maybe' })), disabled(foreign)])])).toEqual([]);
  });

  it('as the only strategies leave a flag named ai.* without a strategy, and are reported', () => {
    const findings = found([flag('ai.x', [disabled(access())])]);
    expect(findings).toEqual([
      expect.objectContaining({ severity: 'error', field: 'strategies', value: '' }),
      expect.objectContaining({ severity: 'warning', field: 'strategies', value: 'aiAccess, all disabled' }),
    ]);
    expect(findings[1]?.fix).toMatch(/the UI adds a default rule/);
  });

  it('that are all there is are an error under any other name, where clients see a flag open to everyone', () => {
    const expected = { severity: 'error', flag: 'x', value: 'aiAccess, all disabled' };
    expect(found([flag('x', [disabled(access())])])).toEqual([expect.objectContaining(expected)]);
  });

  it('of an ordinary flag are not reported', () => {
    expect(found([flag('plain', [disabled(foreign)])])).toEqual([]);
  });
});

describe('conventions are warnings', () => {
  const warnings = (flags: readonly FlagDefinition[], options?: LintOptions) =>
    found(flags, options).map(({ severity, flag: name, field }) => [severity, name, field]);

  it('names', () => {
    const change = flag('other', [stage()], under('ai.x'));
    expect(warnings([flag('x', [access()])])).toEqual([['warning', 'x', 'name']]);
    expect(warnings([flag('ai.x.y', [access()])])).toEqual([['warning', 'ai.x.y', 'name']]);
    expect(warnings([FEATURE, change])).toEqual([['warning', 'other', 'name']]);
    expect(warnings([FEATURE, flag('ai.x.', [stage()], under('ai.x'))])).toEqual([['warning', 'ai.x.', 'name']]);
  });

  it('follow the prefix, and are none without one', () => {
    const flags = [flag('ml-x', [access()]), flag('ml-x.v', [stage()], under('ml-x'))];
    expect(warnings(flags, { prefix: 'ml-' })).toEqual([]);
    expect(warnings([flag('x', [access()]), flag('y', [stage()], under('x'))], { prefix: '' })).toEqual([]);
    expect(warnings([flag('ml-z', [foreign])], { prefix: 'ml-' })).toEqual([['error', 'ml-z', 'strategies']]);
  });

  it('types', () => {
    expect(warnings([flag('ai.x', [access()], { type: 'release' })])).toEqual([['warning', 'ai.x', 'type']]);
    const change = flag('ai.x.v', [stage()], { type: 'operational', ...under('ai.x') });
    expect(warnings([FEATURE, change])).toEqual([['warning', 'ai.x.v', 'type']]);
    expect(warnings([FEATURE, { ...change, type: 'experiment' }])).toEqual([]);
  });

  it('one salt for all rules of a change', () => {
    const change = flag('ai.x.v', [stage(), stage({ groupId: 'other' })], under('ai.x'));
    expect(found([FEATURE, change])).toEqual([
      expect.objectContaining({ severity: 'warning', field: 'aiStage.groupId', value: 'g, other' }),
    ]);
  });
});

describe('ids that differ in case alone', () => {
  const tenantIn = (values: readonly string[], contextName = 'tenantId'): RuleDefinition => ({
    ...stage(),
    constraints: [{ contextName, operator: 'IN', values }],
  });
  const change = (rule: RuleDefinition) => flag('ai.x.v1', [rule], { type: 'release', ...under('ai.x') });
  const feature = (parameters: Parameters) => flag('ai.x', [access(parameters)], { type: 'kill-switch' });

  it.each<[string, readonly FlagDefinition[], string, string]>([
    ['in one list', [feature({ forceOff: 'Acme, acme' })], 'aiAccess.forceOff', 'acme'],
    ['in two flags', [feature({ forceOff: 'acme' }), change(stage({ tenants: 'ACME' }))], 'aiStage.tenants', 'ACME'],
    [
      'in a constraint',
      [feature({ forceOff: 'acme' }), change(tenantIn(['Acme']))],
      'a constraint on tenantId',
      'Acme',
    ],
    ['users', [FEATURE, change(tenantIn(['Ada', 'ada'], 'userId'))], 'a constraint on userId', 'ada'],
  ])('%s', (_what, definitions, field, value) => {
    expect(found(definitions)).toEqual([
      expect.objectContaining({
        severity: 'warning',
        field,
        value,
        fix: expect.stringContaining('differs in case alone'),
      }),
    ]);
  });

  it('are none where one spelling stands twice, or a tenant is named like a user', () => {
    const users = change(tenantIn(['ACME'], 'userId'));
    expect(found([feature({ forceOff: 'acme', forceOn: 'acme,Globex' }), users])).toEqual([]);
  });
});

it('names the character that makes a list unreadable', () => {
  const [finding] = found([flag('ai.x', [access({ exclude: 'hipaa;financial' })], { type: 'kill-switch' })]);
  expect(finding).toMatchObject({ severity: 'error', field: 'aiAccess.exclude', value: 'hipaa;financial' });
  expect(finding?.fix).toContain('";" (U+003B)');
});

describe('replaces', () => {
  const change = (name: string, replaces: string, more: object = {}) =>
    flag(name, [stage({ replaces })], { type: 'release', ...under('ai.x'), ...more });
  const replacements = (...changes: readonly FlagDefinition[]) =>
    found([FEATURE, PLAIN, ...changes]).map(({ flag: name, field, value, severity }) => [name, field, value, severity]);
  const warned = (name: string, value: string) => [name, 'aiStage.replaces', value, 'warning'];

  it('accepts another change of the feature, also one that is off or has no rules here', () => {
    expect(replacements(change('ai.x.v1', ''), change('ai.x.v2', 'ai.x.v1'), change('ai.x.v3', 'ai.x.v2'))).toEqual([]);
    expect(replacements(change('ai.x.v1', '', { enabled: false }), change('ai.x.v2', 'ai.x.v1'))).toEqual([]);
    const withoutRules = flag('ai.x.v1', [], { enabled: false, type: 'release', ...under('ai.x') });
    expect(found([FEATURE, withoutRules, change('ai.x.v2', 'ai.x.v1')]).map(({ field }) => field)).not.toContain(
      'aiStage.replaces',
    );
  });

  it.each([
    ['a flag that does not exist', 'ai.x.v0'],
    ['a change id without the feature', 'v1'],
    ['an ordinary flag', 'plain'],
    ['the feature', 'ai.x'],
    ['a change of another feature', 'ai.y.v1'],
    ['an ordinary flag behind the feature', 'gated'],
    ['itself', 'ai.x.v2'],
  ])('finds %s', (_, name) => {
    const others = [
      flag('ai.y', [access()], { type: 'kill-switch' }),
      flag('ai.y.v1', [stage()], { type: 'release', ...under('ai.y') }),
      flag('gated', [foreign], under('ai.x')),
    ];
    expect(replacements(change('ai.x.v1', ''), change('ai.x.v2', name), ...others)).toEqual([warned('ai.x.v2', name)]);
  });

  it('finds each change of a cycle, and no change that merely leads to one', () => {
    const two = [change('ai.x.v1', 'ai.x.v2'), change('ai.x.v2', 'ai.x.v1')];
    const ofTwo = [warned('ai.x.v1', 'ai.x.v2'), warned('ai.x.v2', 'ai.x.v1')];
    expect(replacements(...two)).toEqual(ofTwo);
    expect(replacements(...two, change('ai.x.v3', 'ai.x.v2'))).toEqual(ofTwo);
    const three = [change('ai.x.v1', 'ai.x.v3'), change('ai.x.v2', 'ai.x.v1'), change('ai.x.v3', 'ai.x.v2')];
    expect(replacements(...three)).toHaveLength(3);
  });

  it('finds a cycle across two rules of one change', () => {
    const v2 = flag('ai.x.v2', [stage(), stage({ replaces: 'ai.x.v1' })], { type: 'release', ...under('ai.x') });
    expect(replacements(change('ai.x.v1', 'ai.x.v2'), v2)).toHaveLength(2);
  });

  it('reads no rule that is disabled', () => {
    const rules = [stage(), disabled(stage({ replaces: 'ai.x.v0' }))];
    expect(replacements(flag('ai.x.v1', rules, { type: 'release', ...under('ai.x') }))).toEqual([]);
  });
});
