import { describe, expect, test } from 'vitest';
import { DEFAULT_CONTEXT_NAMES, entriesOf, readSubject, stickyValue } from './subject.js';

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
      labels: 'hipaa',
      aiOptOut: true,
      complexity: 2,
      confidence: 0.5,
      requestId: 'r',
      consentRevision: '7',
      attributes,
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

describe('a list', () => {
  test.each([
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [[], []],
    ['a, b ,,c', ['a', 'b', 'c']],
    ['', []],
    [' ', []],
    [['a', 1], undefined],
    [[undefined], undefined],
    [undefined, undefined],
    [null, undefined],
    [7, undefined],
    [{ length: 0 }, undefined],
    [new Set(['a']), undefined],
  ])('%j holds %j', (list, entries) => {
    expect(entriesOf(list)).toEqual(entries);
  });
});

describe('the value that is hashed', () => {
  const subject = readSubject({ targetingKey: 'u', tenantId: 't', sessionId: 's', seat: 7, flags: {} });

  test.each([
    ['tenantId', 't'],
    ['userId', 'u'],
    ['targetingKey', 'u'],
    ['sessionId', 's'],
    ['seat', '7'],
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
