import { type Attributes, type ControlChange, DEFAULT_TIERS, MODES, STAGES } from '@rampart/core';
import fc from 'fast-check';
import { NOW } from './now.js';
import type { RuleDelta } from './row.js';

/** One rule of a change, and one flag, as an operator writes them. */
export interface WorldRule {
  readonly parameters: Readonly<Record<string, string>>;
  readonly constraints: NonNullable<RuleDelta['constraints']>;
  readonly variants: readonly { readonly name: string; readonly weight: number }[];
}
export interface WorldFlag {
  readonly name: string;
  readonly enabled: boolean;
  readonly rules: readonly WorldRule[];
}

/** Everything a decision is made from. */
export interface World {
  readonly feature: WorldFlag;
  readonly changes: readonly WorldFlag[];
  readonly context: Attributes;
  readonly control: readonly ControlChange[] | 'unknown';
}

const FEATURE = 'ai.copilot';
export const CLASS = 'support_copilot';

// Few names of each kind, so that what one part says often concerns another.
export const tenant = fc.constantFrom('acme', 'globex', 'zürich');
const tier = fc.constantFrom(...DEFAULT_TIERS);
const region = fc.constantFrom('eu', 'us');
export const label = fc.constantFrom('hipaa', 'beta');
const user = fc.constantFrom('user-1', 'user-2', 'user-3');
export const mode = fc.constantFrom(...MODES);
const changeName = fc.constantFrom('ai.copilot.v1', 'ai.copilot.v2', 'ai.copilot.v3');

/** `value` most often unset, so that most worlds are open. */
const rarely = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant('') }, { weight: 1, arbitrary: value });
const list = (entry: fc.Arbitrary<string>) =>
  fc.uniqueArray(entry, { minLength: 1, maxLength: 3 }).map((entries) => entries.join(','));
const whole = (max: number) => fc.integer({ min: 0, max }).map(String);

const access = fc.record({
  featureClass: fc.constant(CLASS),
  consent: rarely(fc.constantFrom('opt_in', 'opt_out', 'not_required')),
  consentVersion: rarely(whole(3)),
  userOptIn: rarely(fc.constantFrom('all', 'eu', 'us')),
  minTier: fc.oneof({ weight: 2, arbitrary: fc.constant('') }, { weight: 1, arbitrary: tier }),
  exclude: rarely(list(label)),
  forceOn: rarely(list(tenant)),
  forceOff: rarely(list(tenant)),
  maxMode: rarely(mode),
  maxCalibrationError: rarely(fc.constantFrom('0', '0.1', '1')),
});

const stage = fc.record({
  stage: fc.oneof({ weight: 2, arbitrary: fc.constant('ga') }, { weight: 3, arbitrary: fc.constantFrom(...STAGES) }),
  tenants: rarely(list(tenant)),
  tiers: rarely(list(tier)),
  regions: rarely(list(region)),
  rollout: fc.oneof({ weight: 2, arbitrary: fc.constant('100') }, { weight: 1, arbitrary: whole(100) }),
  stickiness: rarely(fc.constantFrom('userId', 'sessionId')),
  groupId: fc.constantFrom('ai.copilot.v1', 'ai.copilot.v2'),
  mode: fc.oneof({ weight: 1, arbitrary: fc.constant('') }, { weight: 1, arbitrary: mode }),
  maxComplexity: rarely(whole(3)),
  consentVersion: rarely(whole(3)),
  forceOn: rarely(list(tenant)),
  forceOff: rarely(list(tenant)),
});

/** An operator's constraint that asks for a fact; one that asks for its absence is Unleash's to read, and opens on a missing fact. */
export const constraint: fc.Arbitrary<WorldRule['constraints'][number]> = fc.oneof(
  fc.record({
    contextName: fc.constant('tier'),
    operator: fc.constant('IN' as const),
    values: fc.uniqueArray(tier, { minLength: 1 }),
  }),
  fc.record({
    contextName: fc.constant('region'),
    operator: fc.constant('IN' as const),
    values: fc.uniqueArray(region, { minLength: 1 }),
  }),
  fc.record({
    contextName: fc.constant('tenantId'),
    operator: fc.constant('IN' as const),
    values: fc.uniqueArray(tenant, { minLength: 1 }),
  }),
);
const constraints: fc.Arbitrary<WorldRule['constraints']> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<WorldRule['constraints']>([]) },
  { weight: 1, arbitrary: fc.array(constraint, { maxLength: 2 }) },
);

const variantsOf = (names: readonly string[]) =>
  fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    {
      weight: 1,
      arbitrary: fc.uniqueArray(
        fc.record({ name: fc.constantFrom(...names), weight: fc.integer({ min: 1, max: 1000 }) }),
        { selector: ({ name }) => name, minLength: 1, maxLength: 2 },
      ),
    },
  );

const enabled = fc.oneof({ weight: 8, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) });

/** Whom a kill, cap or floor covers. */
export const scope = fc.oneof(
  fc.constant({ all: true }),
  fc
    .record(
      { feature: fc.constantFrom(FEATURE, 'ai.other'), change: changeName, tenant, tier, region, label },
      { requiredKeys: [] },
    )
    .filter((parts) => Object.keys(parts).length > 0),
);

const bands = fc.record(
  {
    autoAbove: fc.double({ min: 0, max: 1, noNaN: true }),
    confirmFrom: fc.double({ min: 0, max: 1, noNaN: true }),
    reviewFrom: fc.double({ min: 0, max: 1, noNaN: true }),
  },
  { requiredKeys: [] },
);
const id = fc.constantFrom('1', '2', '3');

/** Anything that the control log holds. */
const controlChange: fc.Arbitrary<ControlChange> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('consent' as const),
      tenant,
      featureClass: fc.constant(CLASS),
      consent: fc.record({
        state: fc.constantFrom('opt_in' as const, 'opt_in' as const, 'opt_out' as const, 'unset' as const),
        version: fc.integer({ min: 0, max: 3 }),
      }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('choice' as const),
      tenant,
      user,
      featureClass: fc.constantFrom(CLASS, '*'),
      choice: fc.constantFrom('opt_in' as const, 'opt_in' as const, 'opt_out' as const, undefined),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('preference' as const),
      tenant,
      mode: fc.option(mode, { nil: undefined }),
      bands: fc.option(bands, { nil: undefined }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('model' as const),
      featureClass: fc.constant(CLASS),
      model: fc.constantFrom('not_required' as const, 'opt_out' as const, 'opt_in' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('kill' as const),
      kill: fc.record({ id, scope, reason: fc.constant('incident 7') }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('revive' as const), id }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('override' as const),
      tenant,
      override: fc.record({
        id,
        flag: fc.oneof(fc.constant(FEATURE), changeName),
        force: fc.constantFrom('on' as const, 'off' as const),
        reason: fc.constant('pilot'),
        until: fc.constantFrom(NOW - 1, NOW, NOW + 1),
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lift_override' as const), tenant, id }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cap' as const), cap: fc.record({ id, scope, mode }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('floor' as const), floor: fc.record({ id, scope, bands }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('calibration' as const),
      change: changeName,
      error: fc.constantFrom(0, 0.05, 0.5),
    }),
  },
);

/** A log in which every tenant has agreed at first, and then anything happens. */
const agreed: readonly ControlChange[] = ['acme', 'globex', 'zürich'].map((name) => ({
  kind: 'consent',
  tenant: name,
  featureClass: CLASS,
  consent: { state: 'opt_in', version: 3 },
}));
const control = fc.oneof(
  { weight: 1, arbitrary: fc.constant('unknown' as const) },
  { weight: 4, arbitrary: fc.array(controlChange, { maxLength: 6 }) },
  { weight: 12, arbitrary: fc.array(controlChange, { maxLength: 3 }).map((more) => [...agreed, ...more]) },
);

const context = fc.record(
  {
    targetingKey: user,
    tenantId: tenant,
    tier: fc.oneof({ weight: 6, arbitrary: tier }, { weight: 1, arbitrary: fc.constant('gold') }),
    region,
    cohorts: fc.subarray(['internal', 'dogfood']),
    labels: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.subarray(['hipaa', 'beta']) },
    ),
    complexity: fc.integer({ min: 0, max: 4 }),
    confidence: fc.double({ min: 0, max: 1 }),
    requestId: fc.string({ unit: 'grapheme' }),
    sessionId: fc.string(),
    aiOptOut: fc.constantFrom(false, false, false, false, true),
  },
  { requiredKeys: ['targetingKey', 'tenantId', 'tier', 'region', 'labels'] },
);

/** What a world may hold. */
export interface WorldShape {
  readonly changes: number;
  readonly rules: number;
  /** Whether a variant may hold subjects out. */
  readonly holdouts: boolean;
}

/** Worlds that are often open and often closed by any one thing. */
export function worlds({ changes, rules, holdouts }: WorldShape): fc.Arbitrary<World> {
  const variants = variantsOf(holdouts ? ['a', 'b', 'off'] : ['a', 'b']);
  const rule = fc.record({ parameters: stage, constraints, variants });
  const change = fc.record({ name: changeName, enabled, rules: fc.array(rule, { minLength: 1, maxLength: rules }) });
  return fc.record({
    feature: fc.record({
      name: fc.constant(FEATURE),
      enabled,
      rules: fc.tuple(fc.record({ parameters: access, constraints, variants: fc.constant<WorldRule['variants']>([]) })),
    }),
    changes: fc.uniqueArray(change, {
      selector: ({ name }) => name,
      minLength: Math.min(1, changes),
      maxLength: changes,
    }),
    context,
    control,
  });
}

/** The flag that is asked: the feature, or one of its changes. */
export function asked({ feature, changes }: World, choice: number): string {
  return [feature, ...changes][choice % (changes.length + 1)]?.name ?? feature.name;
}
