import {
  type ControlChange,
  type Decision,
  decide,
  entriesOf,
  explain,
  MODES,
  ROUTES,
  type RuleEvaluator,
  readSubject,
  type VerdictMemo,
} from '@rampart/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asked, CLASS, type World, worlds } from './arbitraries.js';
import { narrowing } from './narrowings.js';
import { ask, snapshotOf, viewIn } from './world.js';

// What Unleash does with a strange context is its own; here only core is asked.
const SIMPLE: RuleEvaluator = { targeting: () => () => true, variant: () => () => 0 };
const RUNS = { numRuns: 1_000 };
const choice = fc.nat(3);
const anyWorld = worlds({ changes: 3, rules: 3, holdouts: true });
// A holdout is an arm of an experiment, not a gate: leaving its rule may well open another.
const withoutHoldouts = worlds({ changes: 3, rules: 3, holdouts: false });

/** Runs a property and says how often each outcome came, so that none is proven of nothing. */
function counting<Ts extends [unknown, ...unknown[]]>(
  arbitraries: { [K in keyof Ts]: fc.Arbitrary<Ts[K]> },
  property: (...values: Ts) => string,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const count = (...values: Ts) => {
    const seen = property(...values);
    counts.set(seen, (counts.get(seen) ?? 0) + 1);
  };
  fc.assert(fc.property(...arbitraries, count), RUNS);
  return counts;
}

describe('a decision', () => {
  test('comes with every outcome in these worlds, so that the other properties mean something', () => {
    const counts = counting([anyWorld, choice], (world, which) => ask(world, asked(world, which)).outcome);
    for (const outcome of ['enabled', 'off', 'unavailable', 'consent_required', 'paywall', 'shadow']) {
      expect(counts.get(outcome) ?? 0, outcome).toBeGreaterThan(0);
    }
    expect(counts.get('enabled')).toBeGreaterThan(RUNS.numRuns / 20);
  });

  test('never throws, whatever the context', () => {
    const attribute = fc.constantFrom(
      'targetingKey',
      'tenantId',
      'tier',
      'region',
      'cohorts',
      'labels',
      'aiOptOut',
      'complexity',
      'confidence',
      'requestId',
      'consentRevision',
      '__proto__',
    );
    const wild = fc.dictionary(
      fc.oneof(attribute, fc.string()),
      fc.oneof(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withNullPrototype: true }),
        fc.double(),
        fc.string({ unit: 'binary' }),
      ),
    );
    fc.assert(
      fc.property(anyWorld, choice, wild, (world, which, context) => {
        const wilder = { ...world, context: { ...world.context, ...context } };
        const decision = ask(wilder, asked(world, which), SIMPLE);
        expect(decision.enabled).toBe(decision.outcome === 'enabled');
        explain(snapshotOf(wilder, SIMPLE), asked(world, which), readSubject(wilder.context), viewIn(wilder));
      }),
      RUNS,
    );
  });

  test('never throws, whatever the parameters', () => {
    const name = fc.constantFrom(
      'featureClass',
      'stage',
      'rollout',
      'groupId',
      'mode',
      'tenants',
      'minTier',
      'upgradeUrl',
      'consentVersion',
      'autoAbove',
      'maxComplexity',
      'forceOff',
      'stickiness',
    );
    const wild = fc.dictionary(fc.oneof(name, fc.string()), fc.oneof(fc.string({ unit: 'binary' }), fc.anything()));
    fc.assert(
      fc.property(anyWorld, choice, wild, wild, (world, which, access, stage) => {
        const put = (flag: World['feature'], parameters: object) => ({
          ...flag,
          rules: flag.rules.map((rule) => ({ ...rule, parameters: { ...rule.parameters, ...parameters } })),
        });
        const wilder = {
          ...world,
          feature: put(world.feature, access),
          changes: world.changes.map((change) => put(change, stage)),
        } as World;
        const decision = ask(wilder, asked(world, which));
        expect(decision.enabled).toBe(decision.outcome === 'enabled');
      }),
      RUNS,
    );
  });

  test('is the same again, alone and among many', () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const snapshot = snapshotOf(world);
        const memo: VerdictMemo = new Map();
        const subject = readSubject(world.context);
        for (const name of snapshot.names()) {
          const among = decide(snapshot, name, subject, viewIn(world), undefined, memo).decision;
          expect(among).toEqual(ask(world, name));
        }
      }),
      RUNS,
    );
  });

  test('survives JSON', () => {
    fc.assert(
      fc.property(anyWorld, choice, (world, which) => {
        const decision = ask(world, asked(world, which));
        expect(JSON.parse(JSON.stringify(decision))).toEqual(JSON.parse(JSON.stringify({ ...decision })));
      }),
      RUNS,
    );
  });
});

describe('consent', () => {
  test('stands before every way of enabling', () => {
    const counts = counting([anyWorld, choice], (world, which) => {
      const decision = ask(world, asked(world, which));
      if (decision.enabled) expect(mayHave(world, decision), JSON.stringify(world)).toBe(true);
      return decision.enabled ? 'enabled' : 'closed';
    });
    expect(counts.get('enabled')).toBeGreaterThan(RUNS.numRuns / 20);
  });
});

/** Says from the log alone whether consent covers a decision: a second reading of DESIGN, sharing no code with core. */
function mayHave({ control, context, feature, changes }: World, { change }: Decision): boolean {
  const { tenantId, targetingKey, aiOptOut } = context;
  if (control === 'unknown' || typeof tenantId !== 'string' || aiOptOut === true) return false;
  const last = <K extends ControlChange['kind']>(
    kind: K,
    matches: (entry: Extract<ControlChange, { kind: K }>) => boolean,
  ) =>
    control.findLast(
      (entry): entry is Extract<ControlChange, { kind: K }> =>
        entry.kind === kind && matches(entry as Extract<ControlChange, { kind: K }>),
    );
  const said = (featureClass: string) =>
    last(
      'choice',
      (entry) => entry.tenant === tenantId && entry.user === targetingKey && entry.featureClass === featureClass,
    )?.choice;
  if (said(CLASS) === 'opt_out' || said('*') === 'opt_out') return false;
  const parameters = feature.rules[0]?.parameters ?? {};
  const needed = parameters['userOptIn'];
  if ((needed === 'all' || (needed !== '' && needed === context['region'])) && said(CLASS) !== 'opt_in') return false;
  const consent = last('consent', (entry) => entry.tenant === tenantId)?.consent;
  if (consent?.state === 'opt_out') return false;
  const models = [parameters['consent'] || 'opt_in', last('model', () => true)?.model];
  const strict = ['opt_in', 'opt_out'].find((model) => models.includes(model));
  if (strict === undefined) return true;
  if (strict === 'opt_in' && consent?.state !== 'opt_in') return false;
  const rules = changes.find(({ name }) => name === change)?.rules ?? [];
  const versions = rules.map((rule) => Number(rule.parameters['consentVersion'] || 0));
  const terms = Math.max(Number(parameters['consentVersion'] || 0), Math.min(...versions, Number.POSITIVE_INFINITY));
  return terms === 0 || !Number.isFinite(terms) || (consent?.state === 'opt_in' && (consent.version ?? 0) >= terms);
}

describe('narrowing', () => {
  test('never turns not-enabled into enabled', () => {
    const counts = counting([withoutHoldouts, choice, narrowing], (world, which, { what, apply }) => {
      const name = asked(world, which);
      const before = ask(world, name).enabled;
      const after = ask(apply(world), name).enabled;
      expect(after && !before, what).toBe(false);
      return `${before} ${after}`;
    });
    for (const seen of ['true true', 'true false', 'false false'])
      expect(counts.get(seen) ?? 0, seen).toBeGreaterThan(0);
  });

  test('never raises the mode of one rule, nor makes its answers more automatic', () => {
    const bold = worlds({ changes: 1, rules: 1, holdouts: false }).map(emboldened);
    const counts = counting([bold, choice, narrowing], (world, which, { what, apply }) => {
      const name = asked(world, which);
      const before = ask(world, name);
      const after = ask(apply(world), name);
      if (before.mode === undefined || after.mode === undefined) return 'one is closed';
      expect(MODES.indexOf(after.mode), what).toBeLessThanOrEqual(MODES.indexOf(before.mode));
      expect(ROUTES.indexOf(after.route ?? 'human'), what).toBeGreaterThanOrEqual(
        ROUTES.indexOf(before.route ?? 'human'),
      );
      return after.mode === before.mode ? 'same' : 'lower';
    });
    for (const seen of ['same', 'lower']) expect(counts.get(seen) ?? 0, seen).toBeGreaterThan(0);
  });
});

/** The same world with a change that wants much and reaches all, and an answer that is sure. */
function emboldened(world: World): World {
  const bold = { stage: 'ga', rollout: '100', regions: '', maxComplexity: '', mode: 'autonomous' };
  const [change] = world.changes;
  const calibration: ControlChange = { kind: 'calibration', change: change?.name ?? '', error: 0 };
  return {
    ...world,
    context: { ...world.context, confidence: 0.99 },
    changes: world.changes.map(({ rules, ...flag }) => ({
      ...flag,
      rules: rules.map((rule) => ({ ...rule, parameters: { ...rule.parameters, ...bold } })),
    })),
    control: world.control === 'unknown' ? world.control : [calibration, ...world.control],
  };
}

describe('widening', () => {
  test('the rollout only adds subjects', () => {
    const percent = fc.integer({ min: 0, max: 100 });
    const counts = counting(
      [withoutHoldouts, choice, percent, percent, fc.string({ unit: 'grapheme', minLength: 1 })],
      (world, which, one, other, user) => {
        const at = (rollout: number): World => ({
          ...world,
          context: { ...world.context, targetingKey: user },
          changes: world.changes.map((change) => ({
            ...change,
            rules: change.rules.map((rule) => ({
              ...rule,
              parameters: { ...rule.parameters, rollout: String(rollout), stickiness: 'userId' },
            })),
          })),
        });
        const name = asked(world, which);
        const few = ask(at(Math.min(one, other)), name).enabled;
        const many = ask(at(Math.max(one, other)), name).enabled;
        expect(few && !many).toBe(false);
        return `${few} ${many}`;
      },
    );
    for (const seen of ['true true', 'false true', 'false false'])
      expect(counts.get(seen) ?? 0, seen).toBeGreaterThan(0);
  });
});

describe('what is shown as the only thing missing', () => {
  test('a paywall: paying opens', () => {
    const counts = counting([anyWorld, choice], (world, which) => {
      const name = asked(world, which);
      const { outcome, paywall } = ask(world, name);
      if (outcome !== 'paywall') return outcome;
      expect(ask(paid(world, paywall?.requiredTier), name).outcome).toBe('enabled');
      return outcome;
    });
    expect(counts.get('paywall')).toBeGreaterThan(0);
  });

  test('consent_required: consenting opens, or leads to a paywall that opens', () => {
    const counts = counting([anyWorld, choice], (world, which) => {
      const name = asked(world, which);
      const { outcome } = ask(world, name);
      if (outcome !== 'consent_required') return outcome;
      const given = consented(world);
      const { outcome: next, paywall } = ask(given, name);
      if (next === 'paywall') expect(ask(paid(given, paywall?.requiredTier), name).outcome).toBe('enabled');
      else expect(next).toBe('enabled');
      return `consent_required, then ${next}`;
    });
    for (const next of ['enabled', 'paywall'])
      expect(counts.get(`consent_required, then ${next}`) ?? 0, next).toBeGreaterThan(0);
  });
});

const paid = (world: World, tier: string | undefined): World => ({ ...world, context: { ...world.context, tier } });

function consented(world: World): World {
  const { tenantId, targetingKey } = world.context as Readonly<Record<string, string>>;
  if (world.control === 'unknown' || tenantId === undefined) return world;
  const consent: ControlChange = {
    kind: 'consent',
    tenant: tenantId,
    featureClass: CLASS,
    consent: { state: 'opt_in', version: 99 },
  };
  const user: ControlChange[] =
    targetingKey === undefined
      ? []
      : [{ kind: 'choice', tenant: tenantId, user: targetingKey, featureClass: CLASS, choice: 'opt_in' }];
  return { ...world, control: [...world.control, consent, ...user] };
}

describe('removing a fact', () => {
  // aiOptOut and consentRevision are demands of the caller, not facts: taking a demand back may open.
  const FACTS = [
    'targetingKey',
    'tenantId',
    'tier',
    'region',
    'cohorts',
    'labels',
    'complexity',
    'confidence',
    'requestId',
    'sessionId',
  ];

  test('never opens', () => {
    const counts = counting([withoutHoldouts, choice, fc.subarray(FACTS, { minLength: 1 })], (world, which, gone) => {
      const name = asked(world, which);
      const context = Object.fromEntries(Object.entries(world.context).filter(([fact]) => !gone.includes(fact)));
      const before = ask(world, name).enabled;
      const after = ask({ ...world, context }, name).enabled;
      expect(after && !before, gone.join()).toBe(false);
      return `${before} ${after}`;
    });
    for (const seen of ['true true', 'true false', 'false false'])
      expect(counts.get(seen) ?? 0, seen).toBeGreaterThan(0);
  });

  test('lists that are no lists count as removed', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const entries = entriesOf(value);
        if (entries !== undefined) expect(entries.every((entry) => typeof entry === 'string')).toBe(true);
      }),
      RUNS,
    );
  });
});
