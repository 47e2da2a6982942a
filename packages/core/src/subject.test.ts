import { describe, expect, test } from 'vitest';
import { DEFAULT_CONTEXT_NAMES, readSubject, statesAllFacts, stickyValue, withTenantFacts } from './subject.js';

describe('reading a context', () => {
  test('takes each fact from its own attribute', () => {
    const attributes = {
      targetingKey: 'u',
      tenantId: 't',
      tier: 'pro',
      region: 'eu',
      cohorts: ['internal'],
      labels: 'hipaa',
      aiOptOut: true,
      complexity: 2,
      confidence: 0.5,
      requestId: 'r',
      consentRevision: '7',
    };
    expect(readSubject(attributes)).toEqual({
      userId: 'u',
      tenantId: 't',
      tier: 'pro',
      region: 'eu',
      cohorts: ['internal'],
      labels: ['hipaa'],
      aiOptOut: true,
      complexity: 2,
      confidence: 0.5,
      requestId: 'r',
      consentRevision: '7',
      attributes,
      stated: { tier: 'pro', region: 'eu', cohorts: ['internal'], labels: 'hipaa' },
      tierAttribute: 'tier',
    });
  });

  test('takes facts from attributes of other names', () => {
    const names = {
      ...DEFAULT_CONTEXT_NAMES,
      userId: 'uid',
      tenantId: 'org',
      tier: 'plan',
      region: 'where',
      complexity: 'hard',
    };
    const subject = readSubject(
      { uid: 1, org: 'acme', plan: 'pro', where: 'eu', hard: '3', tenantId: 'not this' },
      names,
    );
    expect(subject).toMatchObject({
      userId: '1',
      tenantId: 'acme',
      tier: 'pro',
      region: 'eu',
      complexity: 3,
      tierAttribute: 'plan',
    });
  });

  test('knows nothing of an empty context', () => {
    const known = Object.entries(readSubject({})).filter(([, value]) => value !== undefined);
    expect(known).toEqual([
      ['aiOptOut', false],
      ['attributes', {}],
      ['stated', {}],
      ['tierAttribute', 'tier'],
    ]);
  });

  test.each([true, false, null, Number.NaN, Number.POSITIVE_INFINITY, [], {}, '', 7n, Symbol('s'), () => 'acme'])(
    'takes %s for no text',
    (value) => {
      expect(readSubject({ tenantId: value }).tenantId).toBeUndefined();
    },
  );

  test.each([
    [3, 3],
    [-1.5, -1.5],
    ['2.5', 2.5],
    [' 4 ', 4],
    ['', undefined],
    ['  ', undefined],
    ['x', undefined],
    ['Infinity', undefined],
    [Number.NaN, undefined],
    [Number.NEGATIVE_INFINITY, undefined],
    [true, undefined],
    [[1], undefined],
  ])('reads complexity %j as %j', (value, complexity) => {
    expect(readSubject({ complexity: value }).complexity).toBe(complexity);
  });
});

describe('what a directory adds', () => {
  const facts = { tier: 'PRO', region: 'EU', labels: ['HIPAA'], cohorts: ['Internal'] };

  test('fills in what the context does not state', () => {
    expect(withTenantFacts(readSubject({ tier: '', labels: null }), facts)).toMatchObject({
      tier: 'pro',
      region: 'eu',
      labels: ['hipaa'],
      cohorts: ['internal'],
      stated: facts,
    });
  });

  test('is no stand-in for what the context states and cannot be read', () => {
    const stated = { tier: 'pro;free', region: {}, labels: '{hipaa}', cohorts: 'a b' };
    const subject = withTenantFacts(readSubject(stated), facts);
    expect(subject).toMatchObject({
      tier: undefined,
      region: undefined,
      labels: undefined,
      cohorts: undefined,
      stated,
    });
    expect(statesAllFacts(subject)).toBe(true);
    expect(statesAllFacts(readSubject({ ...stated, labels: undefined }))).toBe(false);
  });
});

describe('the value that is hashed', () => {
  const subject = readSubject({ targetingKey: 'u', tenantId: 't', sessionId: 's', seat: 7, share: 0.5, flags: {} });

  test.each([
    ['tenantId', 't'],
    ['userId', 'u'],
    ['targetingKey', 'u'],
    ['sessionId', 's'],
    ['seat', '7'],
    ['share', undefined],
    ['flags', undefined],
    ['missing', undefined],
    ['constructor', undefined],
    ['__proto__', undefined],
    ['toString', undefined],
  ])('of %s is %j', (field, value) => {
    expect(stickyValue(subject, field)).toBe(value);
  });

  test('follows the names of the facts, not those of attributes', () => {
    const renamed = readSubject({ org: 'acme', tenantId: 'other' }, { ...DEFAULT_CONTEXT_NAMES, tenantId: 'org' });
    expect(stickyValue(renamed, 'tenantId')).toBe('acme');
    const user = readSubject(
      { uid: 'u', targetingKey: 'other', userId: 'another' },
      { ...DEFAULT_CONTEXT_NAMES, userId: 'uid' },
    );
    expect(stickyValue(user, 'userId')).toBe('u');
    expect(stickyValue(user, 'targetingKey')).toBe('u');
  });
});
