import { describe, expect, test } from 'vitest';
import { DEFAULT_UNAVAILABLE_MESSAGE, type Parsed, parseAccess, parseStage } from './parameters.js';
import { describeProblem } from './problem.js';
import { DEFAULT_TIERS } from './stages.js';
import { AI_ACCESS, AI_STAGE } from './strategy-definitions.js';

const access = (parameters: unknown) => parseAccess('ai.f', parameters, DEFAULT_TIERS);
const stage = (parameters: unknown) => parseStage('ai.f.v1', parameters, DEFAULT_TIERS);
const problemsOf = (parsed: Parsed<unknown>): readonly string[] =>
  parsed.ok ? [] : parsed.problems.map(describeProblem);

test('aiAccess with nothing but its class', () => {
  expect(access({ featureClass: 'copilot' })).toEqual({
    ok: true,
    value: {
      featureClass: 'copilot',
      consent: 'opt_in',
      consentVersion: undefined,
      userOptIn: new Set(),
      minTier: undefined,
      upgradeUrl: undefined,
      exclude: new Set(),
      forceOn: new Set(),
      forceOff: new Set(),
      maxMode: 'autonomous',
      maxCalibrationError: 0.05,
      priority: 'P2',
      unavailableMessage: DEFAULT_UNAVAILABLE_MESSAGE,
    },
  });
});

test('aiStage with nothing but stage and salt', () => {
  expect(stage({ stage: 'canary', groupId: 'g' })).toEqual({
    ok: true,
    value: {
      stage: 'canary',
      tenants: new Set(),
      tiers: new Set(),
      regions: new Set(),
      rollout: 0,
      stickiness: 'tenantId',
      groupId: 'g',
      replaces: undefined,
      mode: 'suggestion',
      bands: { autoAbove: 0.95, confirmFrom: 0.8, reviewFrom: 0.6 },
      fallback: 'queue',
      disclosure: undefined,
      maxComplexity: undefined,
      humanReview: 0,
      shadowSample: 100,
      maxPerHour: undefined,
      consentVersion: undefined,
      forceOn: new Set(),
      forceOff: new Set(),
    },
  });
});

test('every parameter of both strategies is read, and no other is offered', () => {
  const filled = {
    featureClass: 'c',
    consent: 'opt_out',
    consentVersion: '2',
    userOptIn: 'eu,all',
    minTier: 'pro',
    upgradeUrl: 'https://example.com',
    exclude: 'hipaa',
    forceOn: 'a',
    forceOff: 'b',
    maxMode: 'suggestion',
    maxCalibrationError: '0.1',
    priority: 'P0',
    unavailableMessage: 'm',
  };
  const parsed = access(filled);
  expect(parsed).toMatchObject({
    ok: true,
    value: {
      ...filled,
      consentVersion: 2,
      userOptIn: new Set(['eu', 'all']),
      exclude: new Set(['hipaa']),
      forceOn: new Set(['a']),
      forceOff: new Set(['b']),
      maxCalibrationError: 0.1,
    },
  });
  expect(AI_ACCESS.parameters.map(({ name }) => name).sort()).toEqual(Object.keys(filled).sort());

  const rule = {
    stage: 'tier',
    tenants: 't',
    tiers: 'pro',
    regions: 'eu',
    rollout: '12.5',
    stickiness: 'userId',
    groupId: 'g',
    replaces: 'ai.x.v1',
    mode: 'confirmation',
    autoAbove: '0.9',
    confirmFrom: '0.7',
    reviewFrom: '.5',
    fallback: 'ask',
    disclosure: 'd',
    maxComplexity: '3',
    humanReview: '5',
    shadowSample: '50',
    maxPerHour: '10',
    consentVersion: '3',
    forceOn: 'a',
    forceOff: 'b',
  };
  const { autoAbove, confirmFrom, reviewFrom, ...rest } = rule;
  expect(stage(rule)).toMatchObject({
    ok: true,
    value: {
      ...rest,
      tenants: new Set(['t']),
      tiers: new Set(['pro']),
      regions: new Set(['eu']),
      rollout: 12.5,
      maxComplexity: 3,
      humanReview: 5,
      shadowSample: 50,
      maxPerHour: 10,
      consentVersion: 3,
      forceOn: new Set(['a']),
      forceOff: new Set(['b']),
      bands: { autoAbove: 0.9, confirmFrom: 0.7, reviewFrom: 0.5 },
    },
  });
  expect(AI_STAGE.parameters.map(({ name }) => name).sort()).toEqual(
    Object.keys({ ...rest, autoAbove, confirmFrom, reviewFrom }).sort(),
  );
});

test('the strategies ask for what they require', () => {
  const required = ({ parameters }: typeof AI_ACCESS) =>
    parameters.filter((parameter) => parameter.required).map(({ name }) => name);
  expect([required(AI_ACCESS), required(AI_STAGE)]).toEqual([['featureClass'], ['stage', 'groupId']]);
  for (const { description } of [AI_ACCESS, AI_STAGE, ...AI_ACCESS.parameters, ...AI_STAGE.parameters])
    expect(description).toMatch(/\."?$/);
});

test.each([[undefined], [null], [{}]])('parameters %j lack what is required', (parameters) => {
  expect(problemsOf(access(parameters))).toEqual([
    'ai.f: aiAccess.featureClass: name the consent class, e.g. support_copilot',
  ]);
  expect(problemsOf(stage(parameters))).toEqual([
    'ai.f.v1: aiStage.stage: use one of internal, dogfood, canary, tier, ga',
    'ai.f.v1: aiStage.groupId: name the salt of the split: the name of the flag',
  ]);
});

test.each([['text'], [7], [true], [[]]])('parameters %j are none', (parameters) => {
  expect(problemsOf(access(parameters))[0]).toMatch(/^ai\.f: aiAccess.*: parameters must be an object of strings$/);
  expect(problemsOf(stage(parameters))[0]).toMatch(/^ai\.f\.v1: aiStage.*: parameters must be an object of strings$/);
});

test('a problem says what to do', () => {
  const fixes = problemsOf(
    stage({
      stage: 'beta',
      groupId: 'g',
      rollout: '101',
      stickiness: 'random',
      maxPerHour: '1.5',
      maxComplexity: '-1',
      tenants: ',',
      humanReview: '-1',
    }),
  );
  expect(fixes).toEqual([
    'ai.f.v1: aiStage.stage = "beta": use one of internal, dogfood, canary, tier, ga',
    'ai.f.v1: aiStage.tenants = ",": write at least one entry, separated by commas, or leave it empty',
    'ai.f.v1: aiStage.rollout = "101": use a number from 0 to 100',
    'ai.f.v1: aiStage.stickiness = "random": name a context field such as userId; random gives a new answer on every call',
    'ai.f.v1: aiStage.maxComplexity = "-1": use a number from 0 up',
    'ai.f.v1: aiStage.humanReview = "-1": use a number from 0 to 100',
    'ai.f.v1: aiStage.maxPerHour = "1.5": use a whole number from 0 up',
  ]);
  expect(problemsOf(access({ featureClass: 'a b', upgradeUrl: 'x', minTier: 'gold' }))).toEqual([
    'ai.f: aiAccess.featureClass = "a b": use lower-case letters, digits, _ - and . only, 64 at most',
    'ai.f: aiAccess.upgradeUrl = "x": use a whole address that starts with https:// or http://',
  ]);
  expect(problemsOf(access({ featureClass: 'c', minTier: 'gold' }))).toEqual([
    'ai.f: aiAccess.minTier = "gold": use a tier of the ladder: free, starter, pro, business, enterprise',
  ]);
  expect(problemsOf(stage({ stage: 'tier', groupId: 'g', tiers: 'gold,pro,silver' }))).toEqual([
    'ai.f.v1: aiStage.tiers = "gold": use a tier of the ladder: free, starter, pro, business, enterprise',
    'ai.f.v1: aiStage.tiers = "silver": use a tier of the ladder: free, starter, pro, business, enterprise',
  ]);
});

test('parameters named like members of every object change nothing', () => {
  const parameters = JSON.parse(
    '{"featureClass":"c","__proto__":{"consent":"not_required"},"constructor":"x","toString":"y"}',
  );
  expect(access(parameters)).toEqual(access({ featureClass: 'c' }));
  expect(({} as Record<string, unknown>)['consent']).toBeUndefined();
});

describe('a list that is not clean', () => {
  test.each([
    [
      'hipaa;financial',
      '";" (U+003B) is in it: separate entries by commas, and use letters, digits and _ - . : in an entry',
    ],
    [
      'hipaa\u200b',
      'a zero-width space (U+200B) is in it: separate entries by commas, and use letters, digits and _ - . : in an entry',
    ],
    [
      'a,\nb',
      'a line break (U+000A) is in it: separate entries by commas, and use letters, digits and _ - . : in an entry',
    ],
  ])('%j names the character', (exclude, fix) => {
    const parsed = access({ featureClass: 'c', exclude });
    expect(parsed).toEqual({
      ok: false,
      problems: [{ flag: 'ai.f', field: 'aiAccess.exclude', value: exclude, fix }],
    });
  });

  test('nor is a single tier, whose character is named too', () => {
    expect(problemsOf(access({ featureClass: 'c', minTier: 'pro\u200b' }))[0]).toMatch(
      /a zero-width space \(U\+200B\) is in it: use a tier of the ladder: free/,
    );
  });

  test('facts are kept in lower case, ids as they are', () => {
    const parsed = stage({ stage: 'ga', groupId: 'g', regions: 'EU, us', tiers: 'PRO', tenants: 'Acme,acme' });
    expect(parsed).toMatchObject({
      value: { regions: new Set(['eu', 'us']), tiers: new Set(['pro']), tenants: new Set(['Acme', 'acme']) },
    });
  });
});

describe('sizes', () => {
  test.each([
    ['9'.repeat(400), false],
    [String(Number.MAX_SAFE_INTEGER), true],
    ['9007199254740993', false],
  ])('a whole number of %s parses: %s', (maxPerHour, ok) => {
    expect(stage({ stage: 'ga', groupId: 'g', maxPerHour }).ok).toBe(ok);
  });
});
