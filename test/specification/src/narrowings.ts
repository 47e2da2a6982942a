import { type ControlChange, DEFAULT_TIERS, MODES } from '@rampart/core';
import fc from 'fast-check';
import {
  CLASS,
  constraint,
  label,
  mode,
  scope,
  tenant,
  type World,
  type WorldFlag,
  type WorldRule,
} from './arbitraries.js';
import { NOW } from './now.js';

/** A step that lets nobody in who wasn't, named for the report of a failure. */
export interface Narrowing {
  readonly what: string;
  apply(world: World): World;
}

type Parameters = WorldRule['parameters'];

const step = (what: string, apply: (world: World) => World): Narrowing => ({ what, apply });

const everyRule = (flag: WorldFlag, edit: (parameters: Parameters) => Parameters): WorldFlag => ({
  ...flag,
  rules: flag.rules.map((rule) => ({ ...rule, parameters: edit(rule.parameters) })),
});
const onFeature =
  (edit: (parameters: Parameters) => Parameters) =>
  (world: World): World => ({
    ...world,
    feature: everyRule(world.feature, edit),
  });
const onChanges =
  (edit: (parameters: Parameters) => Parameters) =>
  (world: World): World => ({
    ...world,
    changes: world.changes.map((change) => everyRule(change, edit)),
  });
const recorded =
  (...more: readonly ControlChange[]) =>
  (world: World): World =>
    world.control === 'unknown' ? world : { ...world, control: [...world.control, ...more] };

const entries = (text: string | undefined): string[] => (text === undefined || text === '' ? [] : text.split(','));
const without =
  (name: string, gone: string) =>
  (parameters: Parameters): Parameters => ({
    ...parameters,
    [name]: entries(parameters[name])
      .filter((entry) => entry !== gone)
      .join(','),
  });
// Clearing a list of regions would mean any.
const withoutRegion =
  (gone: string) =>
  (parameters: Parameters): Parameters =>
    entries(parameters['regions']).length > 1 ? without('regions', gone)(parameters) : parameters;
const having =
  (name: string, more: string) =>
  (parameters: Parameters): Parameters => ({
    ...parameters,
    [name]: [...new Set([...entries(parameters[name]), more])].join(','),
  });
const least =
  (name: string, order: readonly string[], unset: string, value: string) =>
  (parameters: Parameters): Parameters => {
    const now = parameters[name] || unset;
    return { ...parameters, [name]: order.indexOf(value) < order.indexOf(now) ? value : now };
  };
const most =
  (name: string, order: readonly string[], value: string) =>
  (parameters: Parameters): Parameters => {
    const now = parameters[name] ?? '';
    return { ...parameters, [name]: now === '' || order.indexOf(value) > order.indexOf(now) ? value : now };
  };
const NUMBERS = Array.from({ length: 101 }, (_, number) => String(number));

/** Every way of narrowing that an operator, a tenant or a user has; clearing a list is none. */
export const narrowing: fc.Arbitrary<Narrowing> = fc.oneof(
  scope.map((whom) =>
    step(
      `kill ${JSON.stringify(whom)}`,
      recorded({ kind: 'kill', kill: { id: 'last', scope: whom, reason: 'incident 7' } }),
    ),
  ),
  fc
    .tuple(scope, mode)
    .map(([whom, cap]) =>
      step(
        `cap ${cap} ${JSON.stringify(whom)}`,
        recorded({ kind: 'cap', cap: { id: 'last', scope: whom, mode: cap } }),
      ),
    ),
  fc
    .tuple(
      scope,
      fc.constantFrom('autoAbove' as const, 'confirmFrom' as const, 'reviewFrom' as const),
      fc.double({ min: 0, max: 1, noNaN: true }),
    )
    .map(([whom, band, at]) =>
      step(
        `floor ${band} ${at}`,
        recorded({ kind: 'floor', floor: { id: 'last', scope: whom, bands: { [band]: at } } }),
      ),
    ),
  tenant.map((name) =>
    step(
      `${name} opts out`,
      recorded({ kind: 'consent', tenant: name, featureClass: CLASS, consent: { state: 'opt_out' } }),
    ),
  ),
  fc
    .tuple(tenant, fc.constantFrom('user-1', 'user-2', 'user-3'), fc.constantFrom(CLASS, '*'))
    .map(([name, user, featureClass]) =>
      step(
        `${user} of ${name} opts out of ${featureClass}`,
        recorded({ kind: 'choice', tenant: name, user, featureClass, choice: 'opt_out' }),
      ),
    ),
  fc.tuple(tenant, fc.constantFrom('ai.copilot', 'ai.copilot.v1')).map(([name, flag]) =>
    step(
      `an override forces ${name} off ${flag}`,
      recorded({
        kind: 'override',
        tenant: name,
        override: { id: 'last', flag, force: 'off', reason: 'incident 7', until: NOW + 1 },
      }),
    ),
  ),
  fc.constant(step('nothing fresh is known', (world) => ({ ...world, control: 'unknown' }))),
  fc.constant(step('the stored model gets strict', recorded({ kind: 'model', featureClass: CLASS, model: 'opt_in' }))),
  fc
    .integer({ min: 0, max: 100 })
    .map((to) => step(`rollout at most ${to}`, onChanges(least('rollout', NUMBERS, '0', String(to))))),
  tenant.map((name) => step(`${name} leaves the canary`, onChanges(without('tenants', name)))),
  fc.constantFrom(...DEFAULT_TIERS).map((name) => step(`${name} leaves the ramp`, onChanges(without('tiers', name)))),
  fc
    .constantFrom('eu', 'us')
    .map((name) => step(`region ${name} is not allowed any more`, onChanges(withoutRegion(name)))),
  tenant.map((name) =>
    step(`${name} is not forced on`, (world) =>
      onFeature(without('forceOn', name))(onChanges(without('forceOn', name))(world)),
    ),
  ),
  tenant.map((name) => step(`${name} is forced off`, onFeature(having('forceOff', name)))),
  tenant.map((name) => step(`${name} is forced off the changes`, onChanges(having('forceOff', name)))),
  label.map((name) => step(`${name} is excluded`, onFeature(having('exclude', name)))),
  mode.map((name) => step(`at most ${name}`, onFeature(least('maxMode', MODES, 'autonomous', name)))),
  mode.map((name) => step(`changes at most ${name}`, onChanges(least('mode', MODES, 'suggestion', name)))),
  fc
    .constantFrom(...DEFAULT_TIERS)
    .map((name) => step(`lowest tier at least ${name}`, onFeature(most('minTier', DEFAULT_TIERS, name)))),
  fc
    .integer({ min: 0, max: 4 })
    .map((to) => step(`terms at least ${to}`, onFeature(most('consentVersion', NUMBERS, String(to))))),
  fc.constant(
    step(
      'consent is opt-in',
      onFeature((parameters) => ({ ...parameters, consent: 'opt_in' })),
    ),
  ),
  fc.constant(
    step(
      'every user must agree',
      onFeature((parameters) => ({ ...parameters, userOptIn: 'all' })),
    ),
  ),
  fc.constant(
    step(
      'no calibration error is tolerated',
      onFeature((parameters) => ({ ...parameters, maxCalibrationError: '0' })),
    ),
  ),
  fc.integer({ min: 0, max: 3 }).map((to) =>
    step(
      `complexity at most ${to}`,
      onChanges((now) => ({ ...now, maxComplexity: String(Math.min(to, Number(now['maxComplexity'] || to))) })),
    ),
  ),
  fc.constant(
    step('the feature is switched off', (world) => ({ ...world, feature: { ...world.feature, enabled: false } })),
  ),
  fc.constant(
    step('the first change is switched off', (world) => ({
      ...world,
      changes: world.changes.map((change, index) => (index === 0 ? { ...change, enabled: false } : change)),
    })),
  ),
  constraint.map((more) =>
    step(`one more constraint on ${more.contextName}`, (world) => ({
      ...world,
      feature: {
        ...world.feature,
        rules: world.feature.rules.map((rule) => ({ ...rule, constraints: [...rule.constraints, more] })),
      },
    })),
  ),
  fc.constant(
    step('the subject opts out of AI', (world) => ({ ...world, context: { ...world.context, aiOptOut: true } })),
  ),
);
