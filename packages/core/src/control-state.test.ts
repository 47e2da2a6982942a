import { describe, expect, test } from 'vitest';
import { applyControl, type ControlChange, type ControlState, EMPTY_CONTROL, viewOf } from './control-state.js';

const fold = (...changes: readonly ControlChange[]): ControlState => changes.reduce(applyControl, EMPTY_CONTROL);
const consent = (tenant: string, state: 'opt_in' | 'opt_out', featureClass = 'copilot'): ControlChange => ({
  kind: 'consent',
  tenant,
  featureClass,
  consent: { state, version: 1 },
});
const choice = (user: string, value: 'opt_in' | 'opt_out' | undefined, featureClass = 'copilot'): ControlChange => ({
  kind: 'choice',
  tenant: 'acme',
  user,
  featureClass,
  choice: value,
});
const kill = (id: string): ControlChange => ({ kind: 'kill', kill: { id, scope: { all: true }, reason: id } });
const cap = (id: string): ControlChange => ({ kind: 'cap', cap: { id, scope: { all: true }, mode: 'shadow' } });
const floor = (id: string): ControlChange => ({ kind: 'floor', floor: { id, scope: { all: true }, bands: {} } });

describe('the fold of the control log', () => {
  test('starts with nothing, at position 0', () => {
    const view = viewOf(EMPTY_CONTROL, 'acme', 0);
    expect(view).toMatchObject({ revision: '0', kills: [], modeCaps: [], confidenceFloors: [] });
    expect([view.models.size, view.calibrations.size, view.tenant.consents.size, view.tenant.users.size]).toEqual([
      0, 0, 0, 0,
    ]);
  });

  test('counts every row, and names the position as revision', () => {
    const state = fold(kill('1'), { kind: 'revive', id: '1' }, { kind: 'revive', id: 'never' });
    expect(state.position).toBe(3);
    expect(viewOf(state, undefined, 0).revision).toBe('3');
  });

  test('leaves the state before as it was', () => {
    const before = fold(consent('acme', 'opt_in'), choice('u', 'opt_in'), kill('1'));
    const serialized = JSON.stringify(viewOf(before, 'acme', 0));
    for (const change of [
      consent('acme', 'opt_out'),
      choice('u', 'opt_out'),
      choice('u', undefined),
      { kind: 'revive', id: '1' } as const,
    ]) {
      applyControl(before, change);
    }
    expect(JSON.stringify(viewOf(before, 'acme', 0))).toBe(serialized);
    expect(before.tenants.get('acme')?.users.get('u')?.get('copilot')).toBe('opt_in');
  });

  test('keeps tenants and classes apart', () => {
    const state = fold(consent('acme', 'opt_in'), consent('globex', 'opt_out'), consent('acme', 'opt_out', 'agent'));
    expect(viewOf(state, 'acme', 0).tenant.consents).toEqual(
      new Map([
        ['copilot', { state: 'opt_in', version: 1 }],
        ['agent', { state: 'opt_out', version: 1 }],
      ]),
    );
    expect(viewOf(state, 'globex', 0).tenant.consents.get('copilot')?.state).toBe('opt_out');
    expect(viewOf(state, 'initech', 0).tenant.consents.size).toBe(0);
    expect(viewOf(state, undefined, 0).tenant.consents.size).toBe(0);
  });

  test('keeps users and their classes apart, and forgets what is taken back', () => {
    const state = fold(
      choice('u', 'opt_out'),
      choice('v', 'opt_in'),
      choice('u', 'opt_in', '*'),
      choice('u', undefined),
      choice('w', undefined),
    );
    const { users } = viewOf(state, 'acme', 0).tenant;
    expect(users.get('u')).toEqual(new Map([['*', 'opt_in']]));
    expect(users.get('v')).toEqual(new Map([['copilot', 'opt_in']]));
    expect(users.has('w')).toBe(false);
  });

  test('replaces a preference whole, and keeps consents and choices beside it', () => {
    const bands = { autoAbove: 0.99 };
    const state = fold(
      consent('acme', 'opt_in'),
      { kind: 'preference', tenant: 'acme', mode: 'suggestion', bands },
      choice('u', 'opt_in'),
    );
    expect(viewOf(state, 'acme', 0).tenant).toMatchObject({ mode: 'suggestion', bands });
    expect(viewOf(state, 'acme', 0).tenant.consents.size).toBe(1);
    const cleared = viewOf(applyControl(state, { kind: 'preference', tenant: 'acme' }), 'acme', 0).tenant;
    expect([cleared.mode, cleared.bands, cleared.users.size]).toEqual([undefined, undefined, 1]);
  });

  test.each([
    ['kills', kill, { kind: 'revive' }],
    ['modeCaps', cap, { kind: 'lift_cap' }],
    ['confidenceFloors', floor, { kind: 'lift_floor' }],
  ] as const)('%s are one for each id, and go by id', (list, make, lift) => {
    const ids = (state: ControlState) => state[list].map(({ id }) => id);
    const state = fold(make('1'), make('2'), make('1'));
    expect(ids(state)).toEqual(['2', '1']);
    expect(ids(applyControl(state, { ...lift, id: '1' }))).toEqual(['2']);
    expect(ids(applyControl(state, { ...lift, id: '3' }))).toEqual(['2', '1']);
    expect(viewOf(state, 'acme', 0)[list]).toBe(state[list]);
  });

  test('keeps the last model of a class and the last calibration of a change', () => {
    const state = fold(
      { kind: 'model', featureClass: 'copilot', model: 'opt_in' },
      { kind: 'model', featureClass: 'copilot', model: 'opt_out' },
      { kind: 'calibration', change: 'v1', error: 0.2 },
      { kind: 'calibration', change: 'v1', error: 0.1 },
    );
    expect([...state.models]).toEqual([['copilot', 'opt_out']]);
    expect([...state.calibrations]).toEqual([['v1', 0.1]]);
  });
});
