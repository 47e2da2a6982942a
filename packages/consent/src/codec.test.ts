import { EMPTY_TENANT, type LogEffect, type TenantControl } from '@rampart/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEffect, readTenant, writeEffect, writeTenant } from './codec.js';

const fraction = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value + 0);
const bands = fc.record({ autoAbove: fraction, confirmFrom: fraction, reviewFrom: fraction }, { requiredKeys: [] });
const mode = fc.constantFrom('shadow' as const, 'suggestion' as const, 'confirmation' as const, 'autonomous' as const);
const mapOf = <V>(value: fc.Arbitrary<V>) =>
  fc.uniqueArray(fc.tuple(fc.string(), value), { selector: ([key]) => key, maxLength: 4 }).map((all) => new Map(all));
const state = fc.constantFrom('opt_in' as const, 'opt_out' as const, 'unset' as const);
const choice = fc.constantFrom('opt_in' as const, 'opt_out' as const);
const override = fc.record({
  id: fc.string(),
  flag: fc.string(),
  force: fc.constantFrom('on' as const, 'off' as const),
  reason: fc.string(),
  until: fc.nat(),
});
const tenants: fc.Arbitrary<TenantControl> = fc.record(
  {
    consents: mapOf(fc.record({ state, version: fc.nat() }, { requiredKeys: ['state'] })),
    users: mapOf(mapOf(choice)),
    mode,
    bands,
    overrides: fc.array(override, { maxLength: 3 }),
  },
  { requiredKeys: ['consents', 'users'] },
);
describe('serialized state', () => {
  it('round-trips every tenant', () => {
    fc.assert(
      fc.property(tenants, (tenant) => {
        expect(readTenant(writeTenant(tenant))).toEqual(tenant);
      }),
    );
  });

  it.each<LogEffect>([
    { kind: 'none' },
    { kind: 'forget' },
    {
      kind: 'change',
      change: { kind: 'consent', tenant: 'acme', featureClass: 'support', consent: { state: 'opt_in', version: 2 } },
    },
    {
      kind: 'change',
      change: { kind: 'choice', tenant: 'acme', user: 'u1', featureClass: '*', choice: undefined },
    },
    { kind: 'change', change: { kind: 'preference', tenant: 'acme', mode: 'shadow', bands: undefined } },
    { kind: 'change', change: { kind: 'kill', kill: { id: 'k1', scope: { all: true }, reason: 'wrong answers' } } },
  ])('bring the effect %j back', (effect) => {
    expect(readEffect(writeEffect(effect))).toEqual(effect);
  });
});

const tenantText = writeTenant(EMPTY_TENANT);

describe('text of any other form is undefined', () => {
  it.each([
    ['cut off', tenantText.slice(0, -1)],
    ['empty', ''],
    ['no object', '[]'],
    ['null', 'null'],
    ['a field missing', '{"consents":[]}'],
    ['a field too many', tenantText.replace('{', '{"admin":true,')],
    ['an unknown state', tenantText.replace('[]', '[["support","yes"]]')],
    ['a version below 0', tenantText.replace('[]', '[["support","opt_in",-1]]')],
    ['an unknown mode', tenantText.replace('{', '{"mode":"reckless",')],
    ['a band above 1', tenantText.replace('{', '{"bands":{"autoAbove":2},')],
  ])('a tenant: %s', (_what, text) => {
    expect(readTenant(text)).toBeUndefined();
  });

  it.each(['', '{}', '{"kind":"change"}', '{"kind":"change","change":{"kind":"consent"}}', '{"kind":"none","x":1}'])(
    'an effect: %s',
    (text) => {
      expect(readEffect(text)).toBeUndefined();
    },
  );
});
