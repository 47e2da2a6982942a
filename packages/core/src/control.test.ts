import { describe, expect, test } from 'vitest';
import { covers, type Scope } from './control.js';
import { firstKill } from './scoped-control.js';
import { readSubject } from './subject.js';

const known = { tenantId: 'acme', tier: 'pro', region: 'eu', labels: ['hipaa'] };

describe('a scope', () => {
  test.each<[Scope, boolean]>([
    [{ all: true }, true],
    [{ feature: 'f' }, true],
    [{ feature: 'g' }, false],
    [{ change: 'c' }, true],
    [{ change: 'd' }, false],
    [{ tenant: 'acme' }, true],
    [{ tenant: 'globex' }, false],
    [{ tier: 'pro' }, true],
    [{ tier: 'free' }, false],
    [{ region: 'eu' }, true],
    [{ region: 'us' }, false],
    [{ label: 'hipaa' }, true],
    [{ label: 'beta' }, false],
    [{ feature: 'f', change: 'c', tenant: 'acme', tier: 'pro', region: 'eu', label: 'hipaa' }, true],
    [{ feature: 'f', change: 'c', tenant: 'acme', tier: 'pro', region: 'eu', label: 'beta' }, false],
    [{ feature: 'g', change: 'c', tenant: 'acme', tier: 'pro', region: 'eu', label: 'hipaa' }, false],
    [{ tier: 'PRO', region: 'EU', label: 'HIPAA' }, true],
    [{ label: 'BETA' }, false],
    [{ tenant: 'ACME' }, false],
    [{ all: true, feature: 'g' }, true],
  ])('%j covers a known subject: %s', (scope, covered) => {
    expect(covers(scope, 'f', 'c', readSubject(known))).toBe(covered);
  });

  test.each<[keyof typeof known, Scope]>([
    ['tenantId', { tenant: 'globex' }],
    ['tier', { tier: 'free' }],
    ['region', { region: 'us' }],
    ['labels', { label: 'beta' }],
  ])('covers a subject whose %s is unknown', (fact, scope) => {
    expect(covers(scope, 'f', 'c', readSubject({ ...known, [fact]: undefined }))).toBe(true);
  });

  test.each<[Scope, boolean]>([
    [{ label: 'HIPAA' }, true],
    [{ tier: 'Pro', region: 'EU' }, true],
    [{ tenant: 'acme', label: 'Hipaa' }, true],
    [{ label: 'BETA' }, false],
    [{ tenant: 'ACME' }, false],
  ])('%j among many covers a known subject: %s', (scope, covered) => {
    const others = Array.from({ length: 20 }, (_, at) => ({ id: `${at}`, scope: { label: `L${at}` }, reason: 'r' }));
    const kills = [...others, { id: 'k', scope, reason: 'r' }];
    const asked = { feature: 'f', change: 'c', subject: readSubject(known) };
    expect(firstKill(kills, asked)?.id).toBe(covered ? 'k' : undefined);
  });

  test('of a change covers no question without one', () => {
    expect(covers({ change: 'c' }, 'f', undefined, readSubject(known))).toBe(false);
    expect(covers({ feature: 'f' }, 'f', undefined, readSubject(known))).toBe(true);
  });
});
