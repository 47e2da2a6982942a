import { describe, expect, test } from 'vitest';
import {
  type CompileSettings,
  compileFlag,
  isFeature,
  type RuleEvaluator,
  readPayload,
  revisionOf,
} from './compile.js';
import type { FlagDefinition } from './flag-definition.js';
import { DEFAULT_TIERS } from './stages.js';
import { readSubject } from './subject.js';

/** Remembers what it was asked to evaluate. */
class Recorder implements RuleEvaluator {
  readonly constraints: (readonly unknown[])[] = [];
  readonly splits: unknown[] = [];
  targeting(constraints: readonly unknown[]) {
    this.constraints.push(constraints);
    return () => true;
  }
  variant(variants: readonly { readonly name: string }[], groupId: string, stickiness: string) {
    this.splits.push([variants.map(({ name }) => name), groupId, stickiness]);
    return () => variants.length - 1;
  }
}

const feature: FlagDefinition = {
  name: 'ai.f',
  enabled: true,
  strategies: [{ name: 'aiAccess', parameters: { featureClass: 'c' } }],
};
const stage = { name: 'aiStage', parameters: { stage: 'ga', groupId: 'g' } };
const change: FlagDefinition = {
  name: 'ai.f.v1',
  enabled: true,
  strategies: [stage],
  dependencies: [{ feature: 'ai.f' }],
};

function compile(
  definition: FlagDefinition,
  settings: Partial<CompileSettings> = {},
  all: readonly FlagDefinition[] = [feature, change],
) {
  const find = (name: string) => all.find((other) => other.name === name);
  return compileFlag(definition, find, { tiers: DEFAULT_TIERS, evaluator: new Recorder(), ...settings });
}

describe('the kind of a flag', () => {
  test.each<[string, FlagDefinition, Partial<CompileSettings>]>([
    ['feature', feature, {}],
    ['change', change, {}],
    ['change', { ...change, dependencies: [] }, {}],
    ['plain', { name: 'reports', enabled: true, strategies: [{ name: 'default' }] }, {}],
    ['plain', { name: 'reports', enabled: true }, {}],
    ['plain', { name: 'reports', enabled: true, dependencies: [{ feature: 'suite' }] }, {}],
    ['gated', { name: 'reports', enabled: true, dependencies: [{ feature: 'ai.f' }] }, {}],
    ['gated', { name: 'reports', enabled: true }, { gates: new Map([['reports', 'ai.f']]) }],
    ['gated', { name: 'ai.x', enabled: true, strategies: [{ name: 'default' }] }, {}],
    ['plain', { name: 'ai.x', enabled: true, strategies: [{ name: 'default' }] }, { prefix: '' }],
    ['plain', { name: 'ai.x', enabled: true, strategies: [{ name: 'default' }] }, { prefix: 'ml.' }],
    ['plain', { name: 'aix', enabled: true, strategies: [{ name: 'default' }] }, {}],
    [
      'change',
      { name: 'ai.f.v2', enabled: true, strategies: [{ name: 'default' }], dependencies: [{ feature: 'ai.f' }] },
      {},
    ],
    [
      'gated',
      { name: 'ai.f.v2', enabled: true, strategies: [{ name: 'default' }], dependencies: [{ feature: 'ai.f' }] },
      { prefix: '' },
    ],
    ['feature', feature, { gates: new Map([['ai.f', 'ai.other']]) }],
    ['change', change, { gates: new Map([['ai.f.v1', 'ai.other']]) }],
  ])('%s: %j', (kind, definition, settings) => {
    expect(compile(definition, settings).kind).toBe(kind);
  });

  test('the gates map goes before a parent', () => {
    const gated = { name: 'reports', enabled: true, dependencies: [{ feature: 'ai.f' }] };
    const other = { ...feature, name: 'ai.other' };
    const flag = compile(gated, { gates: new Map([['reports', 'ai.other']]) }, [feature, other]);
    expect(flag).toMatchObject({ kind: 'gated', feature: 'ai.other', problems: [] });
  });

  test('a flag is a feature by its strategy, not by its name', () => {
    expect([
      isFeature(feature),
      isFeature(change),
      isFeature(undefined),
      isFeature({ name: 'ai.f', enabled: true }),
    ]).toEqual([true, false, false, false]);
  });
});

describe('constraints and segments', () => {
  const one = { contextName: 'a', operator: 'IN', values: ['1'] };
  const two = { contextName: 'b', operator: 'IN', values: ['2'] };

  test('of a rule are evaluated together, and a missing segment stands for itself', () => {
    const evaluator = new Recorder();
    const rule = { ...stage, constraints: [one], segments: [{ constraints: [two] }, undefined, {}] };
    compile({ ...change, strategies: [rule, stage] }, { evaluator });
    expect(evaluator.constraints).toEqual([[one, two, undefined]]);
  });

  test('a rule without any is asked nothing', () => {
    const evaluator = new Recorder();
    const flag = compile(
      { ...change, strategies: [{ ...stage, constraints: [], segments: [{ constraints: [] }] }] },
      { evaluator },
    );
    expect(flag.kind === 'change' && flag.rules[0]?.targeting).toBeUndefined();
    expect(evaluator.constraints).toEqual([]);
  });
});

describe('variants', () => {
  test('are split by salt and stickiness of their rule', () => {
    const evaluator = new Recorder();
    const rule = {
      name: 'aiStage',
      parameters: { stage: 'ga', groupId: 'salt', stickiness: 'userId' },
      variants: [
        { name: 'a', weight: 1 },
        { name: 'b', weight: 1 },
      ],
    };
    const flag = compile({ ...change, strategies: [rule] }, { evaluator });
    expect(evaluator.splits).toEqual([[['a', 'b'], 'salt', 'userId']]);
    expect(flag.kind === 'change' && flag.rules[0]?.select?.(readSubject({}))?.name).toBe('b');
  });

  test('none leave nothing to select', () => {
    const flag = compile(change);
    expect(flag.kind === 'change' && flag.rules[0]).toMatchObject({ variants: [], select: undefined });
  });

  test('bindings are checked by the feature, holdouts are not', () => {
    const asked: unknown[] = [];
    const checkBinding = (name: string, binding: unknown) => {
      asked.push([name, binding]);
      return binding === 'bad' ? 'must be good' : undefined;
    };
    const variants = ['good', 'bad', 'off'].map((value) => ({
      name: value,
      weight: 1,
      payload: { type: 'string', value },
    }));
    const flag = compile({ ...change, strategies: [{ ...stage, variants }] }, { checkBinding });
    const problems = flag.kind === 'change' ? flag.rules[0]?.variants.map((variant) => variant.problem) : [];
    expect(asked).toEqual([
      ['ai.f', 'good'],
      ['ai.f', 'bad'],
    ]);
    expect(problems).toEqual([
      undefined,
      { flag: 'ai.f.v1', field: 'binding of variant bad', value: 'bad', fix: 'must be good' },
      undefined,
    ]);
  });

  test('a variant without a payload is checked too', () => {
    const flag = compile(
      { ...change, strategies: [{ ...stage, variants: [{ name: 'a', weight: 1 }] }] },
      { checkBinding: () => 'needs a binding' },
    );
    expect(flag.kind === 'change' && flag.rules[0]?.variants[0]?.problem?.fix).toBe('needs a binding');
  });
});

describe('a payload', () => {
  test('is frozen through and through', () => {
    const reading = readPayload({ type: 'json', value: '{"a":[{"b":1}]}' });
    const value = reading.ok ? (reading.value as { a: { b: number }[] }) : undefined;
    expect([value, value?.a, value?.a[0]].every((part) => Object.isFrozen(part))).toBe(true);
  });

  test.each([
    [undefined, { ok: true, value: undefined }],
    [
      { type: 'json', value: 'null' },
      { ok: true, value: null },
    ],
    [
      { type: 'json', value: '' },
      { ok: false, fix: 'the payload must be valid JSON' },
    ],
    [
      { type: 'number', value: '' },
      { ok: false, fix: 'the payload must be a number' },
    ],
    [
      { type: 'number', value: ' ' },
      { ok: false, fix: 'the payload must be a number' },
    ],
    [
      { type: 'number', value: 'NaN' },
      { ok: false, fix: 'the payload must be a number' },
    ],
    [
      { type: 'number', value: '-1.5' },
      { ok: true, value: -1.5 },
    ],
    [
      { type: 'string', value: '' },
      { ok: true, value: '' },
    ],
  ])('%j reads as %j', (payload, reading) => {
    expect(readPayload(payload)).toEqual(reading);
  });

  test('that is null is none', () => {
    expect(readPayload(null as unknown as undefined)).toEqual({ ok: true, value: undefined });
  });
});

describe('a revision', () => {
  test('is short, and the same for the same content', () => {
    expect(revisionOf(feature)).toMatch(/^[0-9a-f]{12}$/);
    expect(revisionOf(structuredClone(feature))).toBe(revisionOf(feature));
  });

  test('changes with any content', () => {
    const edited = [
      { ...feature, enabled: false },
      { ...feature, name: 'ai.g' },
      { ...feature, strategies: [] },
      { ...feature, more: 1 },
    ];
    expect(new Set([feature, ...edited].map(revisionOf)).size).toBe(5);
  });
});

test('tenants that any rule forces off are the change’s', () => {
  const rules = ['a', 'b,c'].map((forceOff) => ({ ...stage, parameters: { ...stage.parameters, forceOff } }));
  const flag = compile({ ...change, strategies: rules });
  expect(flag.kind === 'change' && [...flag.forceOff]).toEqual(['a', 'b', 'c']);
});
