import { describe, expect, test } from 'vitest';
import type { ControlChange } from './control-state.js';
import { InMemoryControl } from './in-memory-control.js';

const consent: ControlChange = {
  kind: 'consent',
  tenant: 'acme',
  featureClass: 'copilot',
  consent: { state: 'opt_in' },
};

describe('control in memory', () => {
  test('shows a change to the next question, and to no view handed out before', () => {
    const control = new InMemoryControl();
    const before = control.read('acme');
    expect(control.apply(consent)).toBe('1');
    expect(before?.tenant.consents.size).toBe(0);
    expect(control.read('acme')?.tenant.consents.get('copilot')).toEqual({ state: 'opt_in' });
    expect(control.read('globex')?.tenant.consents.size).toBe(0);
    expect(control.read(undefined)?.tenant.consents.size).toBe(0);
  });

  test('hands out the same view while nothing changes', () => {
    const control = new InMemoryControl();
    expect(control.read('acme')).toBe(control.read('acme'));
    expect(control.read('acme')).not.toBe(control.read('globex'));
  });

  test('forgets views of the many tenants that asked, and answers them all the same', () => {
    const control = new InMemoryControl();
    control.apply(consent);
    const first = control.read('acme');
    for (let tenant = 0; tenant < 10_000; tenant += 1) control.read(`tenant-${tenant}`);
    expect(control.read('acme')).not.toBe(first);
    expect(control.read('acme')).toEqual(first);
  });

  test.each([
    ['0', true],
    ['1', true],
    ['2', false],
    ['', false],
    [' ', false],
    ['-1', false],
    ['1.0', false],
    ['0x1', false],
    ['1e0', false],
    ['latest', false],
  ])('at position 1, asked for at least %j, knows: %s', (atLeast, known) => {
    const control = new InMemoryControl();
    control.apply(consent);
    expect(control.read('acme', atLeast) !== undefined).toBe(known);
  });

  test.each([
    [{ label: 'hipaa;financial' }, /scope\.label = "hipaa;financial": ";" \(U\+003B\) is in it/],
    [{ tier: 'pro\u200b' }, /scope\.tier = .*U\+200B/],
    [{ region: 'us east' }, /scope\.region = "us east": a space \(U\+0020\) is in it/],
  ])('refuses the scope %j, which no subject could have, and names the character', (scope, message) => {
    const control = new InMemoryControl();
    expect(() => control.apply({ kind: 'kill', kill: { id: 'k', scope, reason: 'r' } })).toThrow(message);
    expect(control.read('acme')?.kills).toEqual([]);
  });

  test('keeps the case of a scope as it was recorded', () => {
    const control = new InMemoryControl();
    control.apply({ kind: 'kill', kill: { id: 'k', scope: { label: 'HIPAA' }, reason: 'r' } });
    expect(control.read('acme')?.kills).toMatchObject([{ scope: { label: 'HIPAA' } }]);
  });

  test.each(['kill', 'cap', 'floor'] as const)('refuses a %s without a scope, and records nothing', (kind) => {
    const control = new InMemoryControl();
    const content = { kill: { reason: 'x' }, cap: { mode: 'shadow' }, floor: { bands: {} } }[kind];
    const about = (scope: object) => ({ kind, [kind]: { id: '1', scope, ...content } }) as unknown as ControlChange;
    const message = /scope = .*: name a feature, change, tenant, tier, region or label, or say \{ all: true \}/;
    for (const scope of [{}, { all: false }, { tenant: undefined }])
      expect(() => control.apply(about(scope))).toThrow(message);
    expect(control.read('acme')?.revision).toBe('0');
    for (const scope of [{ all: true }, { label: 'hipaa' }, { all: false, tier: 'pro' }]) control.apply(about(scope));
    expect(control.read('acme')?.revision).toBe('3');
  });

  test.each([-0.1, 1.1, Number.NaN, Number.POSITIVE_INFINITY])('refuses a calibration error of %s', (error) => {
    const control = new InMemoryControl();
    expect(() => control.apply({ kind: 'calibration', change: 'v1', error })).toThrow(
      `error = ${error}: use a number from 0 to 1`,
    );
  });

  test.each([0, 0.5, 1])('takes a calibration error of %s', (error) => {
    const control = new InMemoryControl();
    control.apply({ kind: 'calibration', change: 'v1', error });
    expect(control.read(undefined)?.calibrations.get('v1')).toBe(error);
  });
});

test('tells whose state changed', () => {
  const control = new InMemoryControl();
  const changes: unknown[] = [];
  const stop = control.subscribe((change) => changes.push(change));
  control.apply({ kind: 'consent', tenant: 'acme', featureClass: 'copilot', consent: { state: 'opt_in' } });
  control.apply({ kind: 'kill', kill: { id: 'k', scope: { all: true }, reason: 'x' } });
  stop();
  control.apply({ kind: 'revive', id: 'k' });
  expect(changes).toEqual([{ tenants: ['acme'] }, { tenants: 'all' }]);
});
