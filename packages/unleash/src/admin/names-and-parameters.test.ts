import { AI_ACCESS } from '@rampart/core';
import { describe, expect, it } from 'vitest';
import { changeVariants, type NewVariant } from './change-variants.js';
import { changeName, checkFeatureName, checkFlagName } from './flag-name.js';
import { parameterTexts } from './rule-parameters.js';

describe('names', () => {
  it.each<[string, RegExp]>([
    ['', /it is empty/],
    ['a'.repeat(101), /101 characters, and Unleash allows 100. Shorten it by 1/],
    ['skill:efirm', /Unleash allows no ":". Use letters, .* e.g. skill.efirm/],
    ['two words', /allows no space/],
    ['größe', /allows no "ö"/],
    ['..', /dots only/],
  ])('%j is refused', (name, message) => expect(() => checkFlagName(name)).toThrow(message));

  it.each(['a', 'a'.repeat(100), "x!(y)~*'-_."])('%j is fine', (name) =>
    expect(() => checkFlagName(name)).not.toThrow(),
  );

  it.each([
    ['support-copilot', 'ai.support-copilot'],
    ['ai.team.support', 'ai.team-support'],
    ['ai.', 'ai.my-feature'],
  ])('feature %s breaks the convention: %s', (name, better) => {
    expect(() => checkFeatureName(name, false)).toThrow(`Use ${better}, or set anyName.`);
    expect(() => checkFeatureName(name, true)).not.toThrow();
  });

  it('a change is named after its feature, or as the caller says', () => {
    expect(changeName('ai.support-copilot', { change: 'prompt-v18' })).toBe('ai.support-copilot.prompt-v18');
    expect(changeName('skill.x', { name: 'skill.x.v2' })).toBe('skill.x.v2');
  });

  it.each<[string, { change?: string; name?: string }, RegExp]>([
    ['ai.x', {}, /give change/],
    ['ai.x', { change: 'a', name: 'b' }, /give one of them/],
    ['ai.x', { change: 'a.b' }, /as a change id/],
    ['skill.x', { change: 'a' }, /Give a full name, e.g. name "skill.x.a"/],
    [`ai.${'x'.repeat(95)}`, { change: 'abc' }, /102 characters/],
    ['ai.x', { name: 'a:b' }, /allows no ":"/],
  ])('a change of %s called %j is refused', (feature, given, message) => {
    expect(() => changeName(feature, given)).toThrow(message);
  });
});

describe('parameters', () => {
  it('are all given, as text', () => {
    const texts = parameterTexts(AI_ACCESS, { featureClass: 'a', consentVersion: 2, exclude: ['hipaa', 'financial'] });
    expect(Object.keys(texts)).toEqual(AI_ACCESS.parameters.map(({ name }) => name));
    expect(texts).toMatchObject({ featureClass: 'a', consentVersion: '2', exclude: 'hipaa,financial', minTier: '' });
  });

  it.each(['feature', 'constructor', '__proto__'])('%s is no parameter', (name) => {
    expect(() => parameterTexts(AI_ACCESS, JSON.parse(`{"${name}":"x"}`))).toThrow(/there is no such parameter/);
  });
});

describe('variants', () => {
  const weights = (variants: readonly NewVariant[]) => changeVariants(variants, 'tenantId').map(({ weight }) => weight);

  it.each<[readonly NewVariant[], readonly number[]]>([
    [[], []],
    [[{ name: 'a' }], [1000]],
    [
      [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
      [334, 333, 333],
    ],
    [
      [{ name: 'a', weight: 10.5 }, { name: 'b' }, { name: 'c' }],
      [105, 448, 447],
    ],
    [
      [
        { name: 'a', weight: 0 },
        { name: 'b', weight: 100 },
      ],
      [0, 1000],
    ],
  ])('%j weigh %j', (variants, expected) => expect(weights(variants)).toEqual(expected));

  it.each<[readonly NewVariant[], RegExp]>([
    [
      [
        { name: 'a', weight: 60 },
        { name: 'b', weight: 50 },
      ],
      /add up to 110%/,
    ],
    [[{ name: 'a', weight: 60 }], /add up to 60%/],
    [[{ name: 'a', weight: -1 }, { name: 'b' }], /weight -1 of variant "a"/],
    [[{ name: 'a', weight: Number.NaN }, { name: 'b' }], /weight NaN of variant "a"/],
  ])('%j are refused', (variants, message) => expect(() => weights(variants)).toThrow(message));

  it('carry their binding in the fitting type, and the stickiness of the rule', () => {
    const variants = changeVariants(
      [
        { name: 'a', binding: 'x' },
        { name: 'b', binding: 2 },
        { name: 'c', binding: { m: [1] } },
      ],
      'userId',
    );
    expect(variants.map(({ payload }) => payload)).toEqual([
      { type: 'string', value: 'x' },
      { type: 'number', value: '2' },
      { type: 'json', value: '{"m":[1]}' },
    ]);
    expect(new Set(variants.map(({ stickiness }) => stickiness))).toEqual(new Set(['userId']));
  });
});
