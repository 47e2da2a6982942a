import { DEFAULT_TIERS } from '@rampart/core';
import { unleashContext } from '@rampart/unleash';
import fc from 'fast-check';
import type { Strategy } from 'unleash-client';
import flexibleRollout from 'unleash-client/lib/strategy/flexible-rollout-strategy.js';
import { describe, expect, test } from 'vitest';
import { CLASS, type World, type WorldRule, worlds } from './arbitraries.js';
import { ask } from './world.js';

/** A constraint as Unleash's UI writes it. */
interface Constraint {
  readonly contextName: string;
  readonly operator: string;
  readonly values?: readonly string[];
  readonly value?: string;
}

/** A `flexibleRollout` as docs/remove-rampart.md writes it. */
interface StockRule {
  readonly parameters: Readonly<Record<string, string>>;
  readonly constraints: readonly Constraint[];
}

const STAGES = ['internal', 'dogfood', 'canary', 'tier', 'ga'];
const entries = (text = ''): readonly string[] => (text === '' ? [] : text.split(','));
const isIn = (contextName: string, values: readonly string[]): Constraint => ({ contextName, operator: 'IN', values });

/** The strategies that replace one rule, as the page lists them. */
function replacements(world: World, rule: WorldRule): readonly StockRule[] {
  const { parameters } = rule;
  const { stage = '', rollout = '', stickiness = '', groupId = '' } = parameters;
  const last = STAGES.indexOf(stage);
  const lists = [['internal'], ['dogfood'], entries(parameters['tenants']), entries(parameters['tiers'])];
  const cohorts = ['cohorts', 'cohorts', 'tenantId', 'tier'].map((name, index) => isIn(name, lists[index] ?? []));
  const lines: (readonly [string, readonly Constraint[]])[] = cohorts
    .slice(0, last + 1)
    .filter(({ values = [] }) => values.length > 0)
    .map((constraint) => [cohorts.indexOf(constraint) === last ? rollout : '100', [constraint]]);
  if (stage === 'ga') lines.push([rollout, []]);
  const forced = entries(parameters['forceOn']);
  if (forced.length > 0) lines.push(['100', [isIn('tenantId', forced)]]);
  const shared = sharedConstraints(world, rule);
  const sticky = stickiness === '' || stickiness === 'default' ? 'tenantId' : stickiness;
  return lines.map(([share, own]) => ({
    parameters: { rollout: share, stickiness: sticky, groupId },
    constraints: [...own, ...shared],
  }));
}

function sharedConstraints({ feature, changes }: World, rule: WorldRule): readonly Constraint[] {
  const access = feature.rules[0];
  const { minTier = '', forceOff = '' } = access?.parameters ?? {};
  const { regions, maxComplexity = '' } = rule.parameters;
  const off = [
    ...entries(forceOff),
    ...changes.flatMap(({ rules }) => rules.flatMap(({ parameters }) => entries(parameters['forceOff']))),
  ];
  return [
    ...rule.constraints,
    ...(access?.constraints ?? []),
    ...(entries(regions).length > 0 ? [isIn('region', entries(regions))] : []),
    ...(off.length > 0 ? [{ contextName: 'tenantId', operator: 'NOT_IN', values: off }] : []),
    ...(maxComplexity === '' ? [] : [{ contextName: 'complexity', operator: 'NUM_LTE', value: maxComplexity }]),
    ...(minTier === '' ? [] : [isIn('tier', DEFAULT_TIERS.slice(DEFAULT_TIERS.indexOf(minTier)))]),
  ];
}

// A CommonJS module: the default import is its `exports` or the class itself.
const FlexibleRollout = (flexibleRollout.default ?? flexibleRollout) as unknown as new () => Strategy;
const stock = new FlexibleRollout();

function stockAnswer(world: World, rules: readonly StockRule[]): boolean {
  const context = unleashContext(world.context);
  return rules.some(({ parameters, constraints }) => {
    const list = constraints.map((constraint) => ({
      inverted: false,
      caseInsensitive: false,
      values: [],
      ...constraint,
    }));
    return stock.isEnabledWithConstraints(parameters, context, list.values() as never);
  });
}

/** A world in which only what strategies can express decides: consent is given, and nothing is excluded, killed or in shadow. */
const expressible = worlds({ changes: 1, rules: 1, holdouts: false }).map((world): World => {
  const access = { consent: 'not_required', consentVersion: '', userOptIn: '', exclude: '', forceOn: '', maxMode: '' };
  const put = (rule: WorldRule, more: Readonly<Record<string, string>>): WorldRule => ({
    ...rule,
    parameters: { ...rule.parameters, ...more },
  });
  return {
    ...world,
    feature: { ...world.feature, enabled: true, rules: world.feature.rules.map((rule) => put(rule, access)) },
    changes: world.changes.map((change) => ({
      ...change,
      enabled: true,
      rules: change.rules.map((rule) => put(rule, { mode: '', consentVersion: '' })),
    })),
    context: { ...world.context, aiOptOut: false },
    control: [{ kind: 'consent', tenant: 'acme', featureClass: CLASS, consent: { state: 'opt_in' } }],
  };
});

/** Unleash reads several cohorts as one text, and asks for the sticky value also at 100%. */
function isNarrower({ context, changes }: World): boolean {
  const { cohorts, sessionId } = context;
  const bySession = changes.some(({ rules }) =>
    rules.some(({ parameters }) => parameters['stickiness'] === 'sessionId'),
  );
  return (Array.isArray(cohorts) && cohorts.length > 1) || (bySession && !sessionId);
}

describe('the strategies that docs/remove-rampart.md puts in the place of a rule', () => {
  const rulesOf = (world: World) =>
    world.changes.flatMap(({ rules }) => rules.flatMap((rule) => replacements(world, rule)));

  test('let in nobody whom Rampart keeps out, and the same subjects where Unleash can tell them', () => {
    const counts = new Map<string, number>();
    fc.assert(
      fc.property(expressible, (world) => {
        const rampart = ask(world, world.changes[0]?.name ?? '').enabled;
        const without = stockAnswer(world, rulesOf(world));
        expect(without && !rampart).toBe(false);
        if (!isNarrower(world)) expect(without).toBe(rampart);
        const answers = `${rampart} ${without}`;
        counts.set(answers, (counts.get(answers) ?? 0) + 1);
      }),
      { numRuns: 2_000 },
    );
    for (const answers of ['true true', 'false false']) expect(counts.get(answers) ?? 0, answers).toBeGreaterThan(50);
  });

  test.each(['regions', 'tenants', 'forceOff', 'maxComplexity'])(
    'would widen without the constraint for %s',
    (name) => {
      const found = fc.sample(expressible, { numRuns: 3_000, seed: 7 }).some((world) => {
        if (ask(world, world.changes[0]?.name ?? '').enabled) return false;
        const without = rulesOf(world).map(({ parameters, constraints }) => ({
          parameters,
          constraints: constraints.filter(({ contextName, operator }) => !isFor(name, contextName, operator)),
        }));
        return stockAnswer(world, without);
      });
      expect(found).toBe(true);
    },
  );
});

function isFor(name: string, contextName: string, operator: string): boolean {
  if (name === 'regions') return contextName === 'region';
  if (name === 'tenants') return contextName === 'tenantId' && operator === 'IN';
  return name === 'forceOff' ? operator === 'NOT_IN' : contextName === 'complexity';
}
