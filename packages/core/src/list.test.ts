import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { characterProblem, entriesOf, foldFact, idText, readFact } from './list.js';
import { ladderProblem, readTiers, tierRank } from './tiers.js';

describe('a list fact', () => {
  test.each<[unknown, readonly string[] | undefined]>([
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [[], []],
    ['a, b ,,c', ['a', 'b', 'c']],
    ['', []],
    [' ', []],
    ['A', ['a']],
    [
      ['A', ' b\n', ''],
      ['a', 'b'],
    ],
    ['["A", "b"]', ['a', 'b']],
    [' [] ', []],
    [['a', 1], undefined],
    [[undefined], undefined],
    [undefined, undefined],
    [null, undefined],
    [7, undefined],
    [{ length: 0 }, undefined],
    [new Set(['a']), undefined],
    ['{a}', undefined],
    [['a,b'], undefined],
    ['a;b', undefined],
    ['a b', undefined],
    ['a\nb', undefined],
    ['["a"', undefined],
    ['[1]', undefined],
    ['[["a"]]', undefined],
    [['a\u200b'], undefined],
    ['a，b', undefined],
    // The first a is Cyrillic.
    ['hip\u0430a', undefined],
    [['hipaa', 'gd\u03c1r'], undefined],
    ['тариф-pro', ['тариф-pro']],
    ['null', undefined],
    ['undefined', undefined],
    [['hipaa', 'Null'], undefined],
    ['["NaN"]', undefined],
  ])('%j holds %j', (list, entries) => {
    expect(entriesOf(list)).toEqual(entries);
  });

  test('an array whose entries are all in their compared form is taken as it is', () => {
    const list = ['hipaa', 'gold-partner_2.1:x'];
    expect(entriesOf(list)).toBe(list);
  });

  test('every entry is in the form in which facts compare, whatever comes in', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('HIPAA', 'İ', 'ＡＢ', 'ﬁ', 'a\u0308'),
    );
    fc.assert(
      fc.property(fc.oneof(text, fc.array(text), fc.anything()), (value) => {
        for (const entry of entriesOf(value) ?? []) {
          expect(foldFact(entry)).toBe(entry);
          expect(entry).toMatch(/^[\p{L}\p{M}\p{N}_.:-]+$/u);
        }
      }),
    );
  });

  test('the case of a label never matters', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_.:-]{1,12}$/), (label) => {
        expect(entriesOf([label.toUpperCase()])).toEqual(entriesOf([label.toLowerCase()]));
      }),
    );
  });
});

test.each<[unknown, string | undefined]>([
  ['EU', 'eu'],
  [' EU ', 'eu'],
  ['eu,us', undefined],
  ['{eu}', undefined],
  ['', undefined],
  ['  ', undefined],
  [3, '3'],
  [4.5, undefined],
  [true, undefined],
  [['eu'], undefined],
])('the fact %j is %j', (value, fact) => {
  expect(readFact(value)).toBe(fact);
});

test.each<[unknown, string | undefined]>([
  ['Acme ', 'Acme '],
  ['', undefined],
  [42, '42'],
  [0, '0'],
  [-7, '-7'],
  [Number.MAX_SAFE_INTEGER, '9007199254740991'],
  [Number.MAX_SAFE_INTEGER + 1, undefined],
  [Number('9007199254740993'), undefined],
  [1e21, undefined],
  [4.5, undefined],
  [-0, undefined],
  [Number.NaN, undefined],
  [Number.POSITIVE_INFINITY, undefined],
  [42n, undefined],
])('the id %s is %j', (value, id) => {
  expect(idText(value)).toBe(id);
});

test.each([
  ['hipaa;financial', '";" (U+003B) is in it'],
  ['a b', 'a space (U+0020) is in it'],
  ['a\nb', 'a line break (U+000A) is in it'],
  ['a\tb', 'a tab (U+0009) is in it'],
  ['a\u200b', 'a zero-width space (U+200B) is in it'],
  ['a\u2060', 'an invisible character (U+2060) is in it'],
  ['a\u3164', 'an invisible character (U+3164) is in it'],
  ['a，b', '"，" (U+FF0C) is in it'],
  ['["a"]', '"[" (U+005B) is in it'],
])('%j: %s', (entry, problem) => {
  expect(characterProblem(entry, 'fact')?.startsWith(problem)).toBe(true);
  expect(characterProblem(entry, 'id')?.startsWith(problem)).toBe(true);
});

describe('a tier ladder', () => {
  test('ranks tiers without case', () => {
    expect([tierRank(['Free', 'Pro'], 'pro'), tierRank(['free', 'pro'], 'pro'), tierRank(['Free'], 'pro')]).toEqual([
      1, 1, -1,
    ]);
  });

  test.each([
    [['pro', 'pro'], 'names a tier twice: "pro"'],
    [['Pro', 'pro'], 'names a tier twice: "Pro" and "pro" differ in case alone, and tiers compare without case'],
    [['Team Plan'], 'can not take "Team Plan": a space (U+0020) is in it'],
    [['free;pro'], 'can not take "free;pro": ";" (U+003B) is in it'],
  ])('of %j is refused', (tiers, problem) => {
    expect(ladderProblem(tiers)).toContain(problem);
    expect(() => readTiers(tiers)).toThrow(`tiers: ${problem}`);
  });
});

test.each(['hip\u0430a', '\u0435u'])('%j mixes scripts, which a fact must not and an id may', (entry) => {
  expect(characterProblem(entry, 'fact')).toContain('which looks like a Latin letter and is none');
  expect(characterProblem(entry, 'id')).toBeUndefined();
});
