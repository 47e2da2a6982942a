import {
  type ControlView,
  EMPTY_TENANT,
  type FlagSnapshot,
  type Override,
  readSubject,
  withTenantFacts,
} from '@rampart/core';
import { describe, expect, it } from 'vitest';
import type { Principal } from '../access/principal.js';
import { readConfiguration } from '../configuration-schema.js';
import { Digests } from './digests.js';

const configuration = readConfiguration({
  unleash: { url: 'http://127.0.0.1:9/api', token: 'x' },
  secret: 'a secret that is long enough to be one',
});
const principal: Principal = { kind: 'service', name: 's', may: new Set(['evaluate']), mayAsk: () => true };
const view = (more: Partial<ControlView> = {}): ControlView => ({
  revision: '1',
  models: new Map(),
  kills: [],
  modeCaps: [],
  confidenceFloors: [],
  calibrations: new Map(),
  tenant: EMPTY_TENANT,
  ...more,
});
const snapshotOf = (...definitions: { readonly name: string; readonly [key: string]: unknown }[]): FlagSnapshot => ({
  flag: () => undefined,
  names: () => definitions.map(({ name }) => name),
  changesOf: () => [],
  definition: (name) => definitions.find((definition) => definition.name === name) as never,
});
const flags = snapshotOf({ name: 'a', enabled: true }, { name: 'b', enabled: true });

function digestOf({
  attributes = { targetingKey: 'ada', tenantId: 'acme' } as { targetingKey: string | undefined; tenantId: string },
  control = view(),
  snapshot = flags,
  stale = false,
  now = 0,
  tier = undefined as string | undefined,
  who = principal,
} = {}): string | undefined {
  const subject = withTenantFacts(readSubject(attributes), { tier });
  return new Digests(configuration).answer(who, { subject, control }, attributes, snapshot, stale, now);
}

describe('the name of an answer', () => {
  it('is the same on every process, in whatever order it learned things', () => {
    const first = { id: 'k1', scope: { feature: 'a' }, reason: 'x' };
    const second = { id: 'k2', scope: { tenant: 't', feature: 'a' }, reason: 'x' };
    const turned = { reason: 'x', scope: { feature: 'a', tenant: 't' }, id: 'k2' };
    expect(digestOf({ control: view({ kills: [first, second] }) })).toBe(
      digestOf({ control: view({ kills: [turned, first], revision: '99' }) }),
    );
    const consents = [
      ['a', { state: 'opt_in', version: 1 }],
      ['b', { state: 'unset' }],
    ] as const;
    const tenant = (entries: typeof consents | readonly (typeof consents)[number][]) => ({
      ...EMPTY_TENANT,
      consents: new Map<string, (typeof consents)[number][1]>(entries),
    });
    expect(digestOf({ control: view({ tenant: tenant(consents) }) })).toBe(
      digestOf({ control: view({ tenant: tenant(consents.toReversed()) }) }),
    );
    expect(digestOf()).toBe(
      digestOf({ snapshot: snapshotOf({ name: 'b', enabled: true }, { name: 'a', enabled: true }) }),
    );
  });

  const override: Override = { id: 'o', flag: 'a', force: 'on', reason: 'x', until: 5 };
  it.each([
    ['another user', { attributes: { targetingKey: 'bob', tenantId: 'acme' } }],
    ['a fact of the directory', { tier: 'pro' }],
    ['another caller', { who: { ...principal, name: 't' } }],
    ['flags that are stale', { stale: true }],
    ['an edited flag', { snapshot: snapshotOf({ name: 'a', enabled: false }, { name: 'b', enabled: true }) }],
    ['a kill', { control: view({ kills: [{ id: 'k', scope: { all: true }, reason: 'x' }] }) }],
    ['a model', { control: view({ models: new Map([['c', 'opt_in']]) }) }],
    ['a calibration', { control: view({ calibrations: new Map([['c', 0.1]]) }) }],
    ['a cap', { control: view({ modeCaps: [{ id: 'c', scope: { all: true }, mode: 'shadow' }] }) }],
    ['a preference', { control: view({ tenant: { ...EMPTY_TENANT, mode: 'suggestion' } }) }],
    ['an override', { control: view({ tenant: { ...EMPTY_TENANT, overrides: [override] } }) }],
    [
      'the user’s own choice',
      { control: view({ tenant: { ...EMPTY_TENANT, users: new Map([['ada', new Map([['*', 'opt_out']])]]) } }) },
    ],
  ] as [string, Parameters<typeof digestOf>[0]][])('is another one for %s', (_, delta) => {
    expect(digestOf(delta)).not.toBe(digestOf());
  });

  it('is the same after another user’s choice, and at another time', () => {
    const users = new Map([['bob', new Map([['*', 'opt_out' as const]])]]);
    expect(digestOf({ control: view({ tenant: { ...EMPTY_TENANT, users } }) })).toBe(digestOf());
    expect(digestOf({ now: 1e12 })).toBe(digestOf());
  });

  it('is another one after anybody’s choice where nobody knows the user', () => {
    const attributes = { targetingKey: undefined, tenantId: 'acme' };
    const users = new Map([['bob', new Map([['*', 'opt_out' as const]])]]);
    const chosen = digestOf({ attributes, control: view({ tenant: { ...EMPTY_TENANT, users } }) });
    expect(chosen).not.toBe(digestOf({ attributes }));
  });

  it('is another one when a date comes that a rule, or its segment, compares with', () => {
    const value = '2026-01-01T00:00:30Z';
    const at = Date.parse(value);
    const constraint = { contextName: 'currentTime', operator: 'DATE_AFTER', value };
    const inRule = { name: 'default', constraints: [constraint] };
    const inSegment = { name: 'default', constraints: [], segments: [{ id: 1, constraints: [constraint] }] };
    for (const strategy of [inRule, inSegment]) {
      const snapshot = snapshotOf({ name: 'a', strategies: [strategy] });
      const [before, then, after] = [at - 1, at, at + 1].map((now) => digestOf({ snapshot, now }));
      expect(new Set([before, then, after]).size).toBe(3);
      expect(digestOf({ snapshot, now: 0 })).toBe(before);
      expect(digestOf({ snapshot, now: 1e13 })).toBe(after);
    }
  });

  it('is none where the state can not be shown, or flags say nothing of themselves', () => {
    const subject = readSubject({});
    const digests = new Digests(configuration);
    expect(digests.answer(principal, { subject, control: undefined }, {}, flags, false, 0)).toBeUndefined();
    const { definition: _, ...silent } = flags;
    expect(digests.answer(principal, { subject, control: view() }, {}, silent, false, 0)).toBeUndefined();
  });
});
