import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { consentObstacle, optedOutOfAll } from './consent.js';
import { type ControlView, covers, EMPTY_TENANT, type Override, type Scope, type TenantControl } from './control.js';
import {
  applyControl,
  applyShared,
  applyTenant,
  type ControlChange,
  type ControlState,
  countOverrides,
  EMPTY_CONTROL,
  EMPTY_SHARED,
  isTenantChange,
} from './control-state.js';
import { type Bands, MODES, type Mode, minMode, strictestBands } from './modes.js';
import { isForced, withoutEnded } from './overrides.js';
import { type AccessPolicy, parseAccess } from './parameters.js';
import { firstKill, highestFloor, minCap } from './scoped-control.js';
import { SharedFold, TenantFold } from './snapshot-fold.js';
import { readSubject } from './subject.js';
import { countChoices, optedOutClasses } from './user-choices.js';

// So few names that changes meet; so many ids that lists and maps outgrow what is copied.
const name = fc.constantFrom('a', 'b', 'c');
const id = fc.oneof(fc.constantFrom('1', '2', '3'), fc.nat(80).map(String));
const part = fc.option(name, { nil: undefined });
const scope: fc.Arbitrary<Scope> = fc.record(
  { all: fc.constant(false), feature: part, change: part, tenant: part, tier: part, region: part, label: part },
  { requiredKeys: [] },
);
const mode = fc.constantFrom(...MODES);
const threshold = fc.constantFrom(0, 0.3, 0.6, 0.9, 1);
const bands = fc.record({ autoAbove: threshold, confirmFrom: threshold, reviewFrom: threshold }, { requiredKeys: [] });
const choice = fc.constantFrom('opt_in' as const, 'opt_out' as const, undefined);
const override: fc.Arbitrary<Override> = fc.record({
  id,
  flag: name,
  force: fc.constantFrom('on' as const, 'off' as const),
  reason: fc.constant('x'),
  until: fc.nat(20),
});
const tenant = fc.constantFrom('acme', 'globex');
const featureClass = fc.oneof(name, id);
const change: fc.Arbitrary<ControlChange> = fc.oneof(
  fc.record({
    kind: fc.constant('consent' as const),
    tenant,
    featureClass,
    consent: fc.constant({ state: 'opt_in' as const }),
  }),
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('choice' as const), tenant, user: id, featureClass, choice }) },
  fc.record({ kind: fc.constant('preference' as const), tenant, mode, bands }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('override' as const), tenant, override }) },
  fc.record({ kind: fc.constant('lift_override' as const), tenant, id }),
  fc.record({ kind: fc.constant('model' as const), featureClass, model: fc.constant('opt_out' as const) }),
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('kill' as const), kill: fc.record({ id, scope, reason: fc.string() }) }),
  },
  fc.record({ kind: fc.constant('revive' as const), id }),
  fc.record({ kind: fc.constant('cap' as const), cap: fc.record({ id, scope, mode }) }),
  fc.record({ kind: fc.constant('lift_cap' as const), id }),
  fc.record({ kind: fc.constant('floor' as const), floor: fc.record({ id, scope, bands }) }),
  fc.record({ kind: fc.constant('lift_floor' as const), id }),
  fc.record({ kind: fc.constant('calibration' as const), change: id, error: threshold }),
);
const changes = fc.array(change, { maxLength: 400, size: 'max' });

/** The fold as its meaning is written down: everything is copied at each change. */
function copied(state: ControlState, next: ControlChange): ControlState {
  const put = <V>(map: ReadonlyMap<string, V>, key: string, value: V) => new Map(map).set(key, value);
  const less = <T extends { id: string }>(list: readonly T[], gone: string) =>
    list.filter((entry) => entry.id !== gone);
  const more = <T extends { id: string }>(list: readonly T[], entry: T) => [...less(list, entry.id), entry];
  const moved = { ...state, position: state.position + 1 };
  if (isTenantChange(next)) {
    const before = state.tenants.get(next.tenant) ?? EMPTY_TENANT;
    const { overrides = [] } = before;
    const after = (): TenantControl => {
      switch (next.kind) {
        case 'consent':
          return { ...before, consents: put(before.consents, next.featureClass, next.consent) };
        case 'choice': {
          const own = new Map(before.users.get(next.user));
          if (next.choice === undefined) own.delete(next.featureClass);
          else own.set(next.featureClass, next.choice);
          const users = put(before.users, next.user, own);
          if (own.size === 0) users.delete(next.user);
          return { ...before, users };
        }
        case 'preference':
          return { ...before, mode: next.mode, bands: next.bands };
        case 'override':
          return { ...before, overrides: more(overrides, next.override) };
        case 'lift_override':
          return { ...before, overrides: less(overrides, next.id) };
      }
    };
    return { ...moved, tenants: put(state.tenants, next.tenant, after()) };
  }
  switch (next.kind) {
    case 'model':
      return { ...moved, models: put(state.models, next.featureClass, next.model) };
    case 'kill':
      return { ...moved, kills: more(state.kills, next.kill) };
    case 'revive':
      return { ...moved, kills: less(state.kills, next.id) };
    case 'cap':
      return { ...moved, modeCaps: more(state.modeCaps, next.cap) };
    case 'lift_cap':
      return { ...moved, modeCaps: less(state.modeCaps, next.id) };
    case 'floor':
      return { ...moved, confidenceFloors: more(state.confidenceFloors, next.floor) };
    case 'lift_floor':
      return { ...moved, confidenceFloors: less(state.confidenceFloors, next.id) };
    case 'calibration':
      return { ...moved, calibrations: put(state.calibrations, next.change, next.error) };
  }
}

/** The same in plain maps and arrays. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ('forEach' in value && 'size' in value)
    return new Map([...(value as ReadonlyMap<string, unknown>)].map(([key, inner]) => [key, plain(inner)]));
  const { overrides = [], ...rest } = value as { overrides?: unknown };
  const members = Object.entries({ ...rest, ...('consents' in value && { overrides }) });
  return Object.fromEntries(members.map(([key, inner]) => [key, plain(inner)]));
}

describe('the fold', () => {
  test('gives at every position what copying everything would give, and leaves all states before as they were', () => {
    fc.assert(
      fc.property(changes, (all) => {
        const states = [EMPTY_CONTROL];
        const copies = [EMPTY_CONTROL];
        for (const next of all) {
          states.push(applyControl(states.at(-1) as ControlState, next));
          copies.push(copied(copies.at(-1) as ControlState, next));
        }
        for (const index of [0, 1, 5, all.length >> 1, all.length])
          expect(plain(states[index])).toEqual(plain(copies[index]));
      }),
      { numRuns: 60 },
    );
  });

  test('of one choice of many users is the same as change by change', () => {
    const users = fc.uniqueArray(id);
    const same = fc.record({ users, featureClass: name, choice: fc.constantFrom('opt_in', 'opt_out', 'unknown') });
    fc.assert(
      fc.property(fc.array(same), (all) => {
        const [together, oneByOne] = [new TenantFold(), new TenantFold()];
        for (const next of all) {
          together.addChoices(next);
          for (const user of next.users) oneByOne.add({ kind: 'choice', tenant: '1', ...next, user });
        }
        expect(plain(together.result)).toEqual(plain(oneByOne.result));
      }),
      { numRuns: 60 },
    );
  });

  test('of a whole snapshot is the same as change by change', () => {
    fc.assert(
      fc.property(changes, (all) => {
        const [own, shared] = [new TenantFold(), new SharedFold()];
        let [tenantState, sharedState] = [EMPTY_TENANT, EMPTY_SHARED];
        for (const next of all) {
          if (isTenantChange(next)) {
            own.add(next);
            tenantState = applyTenant(tenantState, next);
          } else {
            shared.add(next);
            sharedState = applyShared(sharedState, next);
          }
        }
        expect(plain(own.result)).toEqual(plain(tenantState));
        expect(plain(shared.result)).toEqual(plain(sharedState));
        for (const folded of [own.result, tenantState]) {
          const { users, overrides = [] } = folded;
          const chosen = [...users.values()].flatMap((choices) => [...choices]);
          expect(countChoices(users)).toBe(chosen.length);
          expect(countOverrides(folded)).toBe(overrides.length);
          const optedOut = new Set(chosen.filter(([, value]) => value === 'opt_out').map(([of]) => of));
          expect(new Set(optedOutClasses(users))).toEqual(optedOut);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('copies no entry again for a change of another', () => {
    let copies = 0;
    class Counted extends Map<string, unknown> {
      override set(key: string, value: unknown) {
        copies += 1;
        return super.set(key, value);
      }
    }
    const Plain = globalThis.Map;
    globalThis.Map = Counted as unknown as MapConstructor;
    try {
      let state = EMPTY_CONTROL;
      const count = 2_000;
      for (let index = 0; index < count; index += 1) {
        const one = String(index);
        const about = { id: one, scope: { tenant: one }, reason: '' };
        state = applyControl(state, {
          kind: 'choice',
          tenant: 'acme',
          user: one,
          featureClass: 'c',
          choice: 'opt_out',
        });
        state = applyControl(state, {
          kind: 'choice',
          tenant: 'acme',
          user: 'u',
          featureClass: one,
          choice: 'opt_out',
        });
        state = applyControl(state, {
          kind: 'consent',
          tenant: 'acme',
          featureClass: one,
          consent: { state: 'opt_in' },
        });
        state = applyControl(state, { kind: 'consent', tenant: one, featureClass: 'c', consent: { state: 'opt_in' } });
        state = applyControl(state, { kind: 'kill', kill: about });
        state = applyControl(state, { kind: 'cap', cap: { ...about, mode: 'shadow' } });
        state = applyControl(state, { kind: 'floor', floor: { ...about, bands: {} } });
        state = applyControl(state, { kind: 'calibration', change: one, error: 0 });
        state = applyControl(state, { kind: 'model', featureClass: one, model: 'opt_in' });
        const exception = { id: one, flag: one, force: 'off', reason: '', until: 1 } as const;
        state = applyControl(state, { kind: 'override', tenant: 'acme', override: exception });
      }
      // Each change writes a few entries; copied maps would write some 10 million.
      expect(copies).toBeLessThan(10 * count * 20);
      expect([state.kills.length, state.tenants.get('acme')?.overrides?.length]).toEqual([count, count]);
    } finally {
      globalThis.Map = Plain;
    }
  });
});

describe('many scoped entries', () => {
  const scopes = fc.array(fc.record({ scope, mode, bands }), { maxLength: 40 });
  const facts = fc.record(
    { targetingKey: part, tenantId: part, tier: part, region: part, labels: fc.array(name, { maxLength: 2 }) },
    { requiredKeys: [] },
  );

  test('say what reading them through says', () => {
    fc.assert(
      fc.property(scopes, fc.array(fc.tuple(name, part, facts), { maxLength: 6 }), (made, questions) => {
        const entries = made.map((entry, order) => ({ ...entry, id: String(order), reason: '' }));
        for (const [feature, changed, attributes] of questions) {
          const subject = readSubject(attributes);
          const asked = { feature, change: changed, subject };
          const found = entries.filter((entry) => covers(entry.scope, feature, changed, subject));
          expect(firstKill(entries, asked)?.id).toBe(found[0]?.id);
          const least = (one: Mode) => minMode(one, minCap(entries, asked) ?? 'autonomous');
          const floor = (own: Bands) => strictestBands(own, highestFloor(entries, asked) ?? {});
          const start = { autoAbove: 0.5, confirmFrom: 0.4, reviewFrom: 0.1 };
          expect(least('autonomous')).toBe(found.reduce<Mode>((one, cap) => minMode(one, cap.mode), 'autonomous'));
          expect(floor(start)).toEqual(found.reduce((own, other) => strictestBands(own, other.bands), start));
        }
      }),
    );
  });

  test('are not read through at each question', () => {
    let reads = 0;
    const kills = Array.from({ length: 10_000 }, (_, index) => ({
      id: String(index),
      reason: '',
      get scope() {
        reads += 1;
        return { tenant: `t${index}`, feature: 'f' };
      },
    }));
    const asked = (tenantId: string) => ({ feature: 'f', change: undefined, subject: readSubject({ tenantId }) });
    expect(firstKill(kills, asked('t77'))?.id).toBe('77');
    const before = reads;
    for (let index = 0; index < 100; index += 1) firstKill(kills, asked(`other-${index}`));
    expect(reads).toBe(before);
  });
});

describe('many overrides', () => {
  test('force and end as reading them through says', () => {
    const clock = fc.record({ earliest: fc.integer({ min: -1, max: 21 }), width: fc.nat(5) });
    fc.assert(
      fc.property(
        fc.array(override, { maxLength: 30 }),
        fc.array(clock, { maxLength: 8 }),
        name,
        (overrides, clocks, flag) => {
          for (const { earliest, width } of clocks) {
            const latest = earliest + width;
            const { overrides: running = [] } = withoutEnded({ ...EMPTY_TENANT, overrides }, { earliest, latest });
            expect(running).toEqual(
              overrides.filter(({ force, until }) => (force === 'on' ? latest < until : earliest < until)),
            );
            const view = { tenant: { ...EMPTY_TENANT, overrides: running } } as unknown as ControlView;
            for (const force of ['on', 'off'] as const)
              expect(isForced(view, force, flag)).toBe(
                running.some((each) => each.force === force && each.flag === flag),
              );
          }
        },
      ),
    );
  });

  test('grant nothing and go on banning where the time is unknown', () => {
    const of = (length: number) =>
      Array.from({ length }, (_, index) => ({
        ...{ id: String(index), flag: 'f', reason: '', until: index },
        force: index % 2 === 0 ? ('on' as const) : ('off' as const),
      }));
    for (const length of [4, 40]) {
      const unknown = { earliest: Number.NaN, latest: Number.NaN };
      const running = withoutEnded({ ...EMPTY_TENANT, overrides: of(length) }, unknown).overrides;
      expect(running?.map(({ force }) => force)).toEqual(Array.from({ length: length / 2 }, () => 'off'));
    }
  });
});

test('a subject without a user id is not looked for among all users at each question', () => {
  let reads = 0;
  const users = new Map(
    Array.from({ length: 1_000 }, (_, index) => [String(index), new Map([['*', 'opt_out' as const]])]),
  );
  const values = users.values.bind(users);
  users.values = () => {
    reads += 1;
    return values();
  };
  const control = { tenant: { ...EMPTY_TENANT, users }, models: new Map() } as unknown as ControlView;
  const { value: access } = parseAccess('f', { featureClass: 'c' }, []) as unknown as { value: AccessPolicy };
  for (let index = 0; index < 100; index += 1) {
    expect(optedOutOfAll(readSubject({ tenantId: 'acme' }), control)).toBe(true);
    expect(consentObstacle(access, undefined, readSubject({ tenantId: 'acme' }), control, false)).toBe('unset');
  }
  // Once for the tenant, not once for each question.
  expect(reads).toBe(1);
});
