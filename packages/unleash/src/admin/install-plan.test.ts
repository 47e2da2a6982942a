import { AI_ACCESS, AI_STAGE } from '@rampart/core';
import { describe, expect, it } from 'vitest';
import type { ContextField, InstalledStrategy } from './admin-types.js';
import { contextFields } from './context-fields.js';
import { planContextField, planStrategy, STRATEGIES } from './install-plan.js';

const installed = (change: Partial<InstalledStrategy> = {}): InstalledStrategy => ({
  ...AI_ACCESS,
  editable: true,
  deprecated: false,
  ...change,
});
const [first, second, ...others] = AI_ACCESS.parameters;
if (first === undefined || second === undefined) throw new Error('aiAccess has parameters');

describe('a strategy', () => {
  it('that is missing is created', () => {
    expect(planStrategy(AI_STAGE, undefined)).toMatchObject({ action: 'create', name: 'aiStage', reactivate: false });
  });

  it('that is there is left alone', () => {
    expect(planStrategy(AI_ACCESS, installed())).toMatchObject({ action: 'unchanged', changes: [] });
  });

  it('has no parameter of type number, which the overview of Unleash shows as 0 where it is empty', () => {
    const types = STRATEGIES.flatMap(({ parameters }) => parameters.map(({ type }) => type));
    expect(new Set(types)).toEqual(new Set(['string', 'list', 'percentage']));
  });

  it('that an earlier version installed with numbers is updated', () => {
    const asNumber = AI_STAGE.parameters.map((parameter) =>
      parameter.name === 'maxPerHour' ? { ...parameter, type: 'number' as const } : parameter,
    );
    const plan = planStrategy(AI_STAGE, { ...AI_STAGE, editable: true, deprecated: false, parameters: asNumber });
    expect(plan).toMatchObject({ action: 'update', changes: ['~ type of maxPerHour: "number" → "string"'] });
  });

  it.each<[string, Partial<InstalledStrategy>, readonly string[]]>([
    ['deprecated', { deprecated: true }, ['is deprecated: reactivate']],
    ['another description', { description: 'old' }, [expect.stringMatching(/^~ description: "old" → "Rampart: /)]],
    ['a parameter less', { parameters: [second, ...others] }, ['+ parameter featureClass (string, required)']],
    [
      'a parameter more',
      { parameters: [...AI_ACCESS.parameters, { name: 'x', type: 'list', description: '', required: false }] },
      ['- parameter x'],
    ],
    ['another order', { parameters: [second, first, ...others] }, ['~ order of the parameters']],
    [
      'another type',
      { parameters: [{ ...first, type: 'list' }, second, ...others] },
      ['~ type of featureClass: "list" → "string"'],
    ],
    [
      'no longer required',
      { parameters: [{ ...first, required: false }, second, ...others] },
      ['~ required of featureClass: "false" → "true"'],
    ],
  ])('with %s is updated', (_, change, changes) => {
    const action = planStrategy(AI_ACCESS, installed(change));
    expect(action).toMatchObject({ action: 'update', reactivate: change.deprecated ?? false });
    expect(action.changes).toEqual(changes);
  });
});

describe('a context field', () => {
  const tier: ContextField = {
    name: 'tier',
    description: 'Rampart: new',
    stickiness: false,
    legalValues: [{ value: 'free' }, { value: 'pro' }],
  };

  it('that is missing is created', () => {
    expect(planContextField(tier, undefined)).toMatchObject({
      action: 'create',
      changes: ['new, legal values free, pro'],
    });
  });

  it('keeps the description, stickiness and values of operators, and their order', () => {
    const found = {
      ...tier,
      description: 'ours',
      stickiness: true,
      legalValues: [{ value: 'vip', description: 'us' }, { value: 'pro' }],
    };
    const action = planContextField(tier, found);
    expect(action.changes).toEqual(['+ legal value free']);
    expect(action.field).toEqual({ ...found, legalValues: [...found.legalValues, { value: 'free' }] });
  });

  it('never closes a field that takes any value', () => {
    expect(planContextField(tier, { ...tier, legalValues: [] })).toMatchObject({ action: 'unchanged' });
  });

  it.each(['', 'Rampart: old'])('replaces the description %j, which is no operator’s', (description) => {
    expect(planContextField(tier, { ...tier, description }).field.description).toBe('Rampart: new');
  });

  it('gains the stickiness it needs', () => {
    const action = planContextField({ ...tier, stickiness: true }, tier);
    expect(action.changes).toEqual(['~ stickiness: "false" → "true"']);
  });
});

describe('what is installed', () => {
  it('has legal values only where the domain is closed', () => {
    const closed = contextFields().filter(({ legalValues }) => legalValues.length > 0);
    expect(closed.map(({ name }) => name)).toEqual(['tier', 'aiOptOut']);
  });

  it('takes the names, tiers and regions of the configuration', () => {
    const fields = contextFields({ contextNames: { tenantId: 'org' }, tiers: ['s', 'l'], regions: ['eu'] });
    expect(fields.map(({ name }) => name)).toEqual([
      'org',
      'tier',
      'region',
      'cohorts',
      'labels',
      'aiOptOut',
      'complexity',
    ]);
    expect(fields.map(({ stickiness }) => stickiness)).toEqual([true, false, false, false, false, false, false]);
    expect(fields[1]?.legalValues).toEqual([{ value: 's' }, { value: 'l' }]);
    expect(fields[2]?.legalValues).toEqual([{ value: 'eu' }]);
  });

  it('fits the 250 characters that Unleash allows a description', () => {
    for (const { name, description } of contextFields())
      expect([name, description.length <= 250]).toEqual([name, true]);
    expect(STRATEGIES.map(({ name }) => name)).toEqual(['aiAccess', 'aiStage']);
  });
});
