import type { FlagDefinition, Kill, StoredModel } from '@rampart/core';
import { describe, expect, it } from 'vitest';
import type { PlacedRow } from '../output/preview.js';
import { checkAccess, checkRows } from './access.js';
import { checkApplications } from './applications.js';
import { type ConsentSource, checkConsent, checkFeature, checkKills, type FeaturePlace } from './environment.js';

const TIERS = ['free', 'pro'];

function place(parameters: Readonly<Record<string, string>> = {}, more: Partial<FlagDefinition> = {}): FeaturePlace {
  const strategies = [{ name: 'aiAccess', parameters: { featureClass: 'copilot', ...parameters } }];
  const definitions = [{ name: 'ai.copilot', enabled: true, strategies, ...more }];
  return { environment: 'production', feature: 'ai.copilot', flag: 'old', definitions, tiers: TIERS };
}

const database = (optIn: number, model?: StoredModel): ConsentSource => ({
  from: 'database',
  models: new Map(model === undefined ? [] : [['copilot', model]]),
  optIns: new Map([['copilot', optIn]]),
});

describe('the feature', () => {
  it.each([
    ['is on', place(), ['ok']],
    ['is off', place({}, { enabled: false }), ['problem']],
    ['is missing', { ...place(), definitions: [] }, ['problem']],
    ["can't be read", place({ minTier: 'gold' }), ['problem']],
    ["can't be read and is off", place({ minTier: 'gold' }, { enabled: false }), ['problem', 'problem']],
  ])('%s', (_, where, results) => {
    expect(checkFeature(where).map(({ result }) => result)).toEqual(results);
  });
});

describe('kills', () => {
  const kill = (id: string, scope: Kill['scope']): Kill => ({ id, scope, reason: 'INC-7' });
  const target = { feature: 'ai.copilot', flag: 'old', acceptLoss: false };

  it('of the whole feature or of everything close the flag for everyone', () => {
    const kills = [
      kill('k1', { feature: 'ai.copilot' }),
      kill('k2', { all: true }),
      kill('k3', { feature: 'ai.other' }),
      kill('k4', { feature: 'ai.copilot', tenant: 'acme' }),
      kill('k5', { tenant: 'acme' }),
      kill('k6', { change: 'ai.copilot.v1' }),
    ];
    expect(checkKills(kills, target)).toEqual([
      {
        check: 'feature',
        where: '',
        result: 'problem',
        found: 'k1 kills ai.copilot, so old, which is on, would be off for everyone',
        fix: 'revive k1, or pass --accept-loss',
      },
      expect.objectContaining({ result: 'problem', found: expect.stringContaining('k2 kills ai.copilot') }),
    ]);
    expect(checkKills(kills, { ...target, acceptLoss: true }).map(({ result }) => result)).toEqual([
      'accepted',
      'accepted',
    ]);
  });
});

describe('consent', () => {
  it.each<[string, Readonly<Record<string, string>>, ConsentSource, 'ok' | 'problem']>([
    ['opt_in, recorded', {}, database(2), 'ok'],
    ['opt_in, none recorded', {}, database(0), 'problem'],
    ['opt_in, without a database', {}, { from: 'nowhere' }, 'problem'],
    ['opt_in, as the options say', {}, { from: 'options' }, 'ok'],
    ['opt_out', { consent: 'opt_out' }, { from: 'nowhere' }, 'ok'],
    ['not_required', { consent: 'not_required' }, { from: 'nowhere' }, 'ok'],
    [
      'opt_out, and terms that tenants must agree to',
      { consent: 'opt_out', consentVersion: '2' },
      database(0),
      'problem',
    ],
    ['opt_out, and a stricter model in the database', { consent: 'opt_out' }, database(0, 'opt_in'), 'problem'],
    ['not_required, and terms', { consent: 'not_required', consentVersion: '2' }, { from: 'nowhere' }, 'ok'],
  ])('%s', (_, parameters, source, result) => {
    expect(checkConsent(place(parameters), source)).toMatchObject([{ check: 'consent', where: 'production', result }]);
  });
});

describe('access', () => {
  const row = (index: number, change: PlacedRow['change']): PlacedRow => {
    const decision = { gate: 'consent', detail: 'unset' } as PlacedRow['decision'];
    const before = change === 'loses' || change === 'keeps';
    return {
      at: `line ${index}`,
      subject: { tenantId: `t${index}` },
      change,
      before,
      after: !before,
      decision,
      unknownBecause: [],
    };
  };
  const options = { acceptLoss: false, tenantName: 'tenantId', feature: 'ai.copilot', flag: 'old' };

  it('is lost by each tenant that has it today and is closed out', () => {
    const findings = checkAccess('production', [row(2, 'keeps'), row(3, 'loses'), row(4, 'stays out')], options);
    expect(findings).toEqual([
      {
        check: 'access',
        where: 'production, line 3',
        result: 'problem',
        found: 't3 would lose access (consent: unset)',
        fix: 'record its consent, or pass --accept-loss',
      },
    ]);
  });

  it('lists the first losses and counts the others', () => {
    const rows = Array.from({ length: 25 }, (_, index) => row(index, 'loses'));
    const findings = checkAccess('production', rows, options);
    expect(findings).toHaveLength(21);
    expect(findings.at(-1)).toMatchObject({ result: 'problem', found: '5 more tenants would or may lose access' });
    const accepted = checkAccess('production', rows, { ...options, acceptLoss: true });
    expect(new Set(accepted.map(({ result }) => result))).toEqual(new Set(['accepted']));
  });

  it('may be lost where the answer today is not known', () => {
    const unknown = { ...row(2, 'unknown'), before: 'unknown' as const, unknownBecause: ['no userId'] };
    expect(checkAccess('production', [unknown], options)).toMatchObject([
      { result: 'problem', found: "t2 may lose access: its answer today isn't known (no userId)" },
    ]);
  });

  it('is unknown of a row that cannot be read', () => {
    const file = { contexts: [], unread: [{ at: 'line 2', problem: 'has no tenantId' }] };
    expect(checkRows(file)).toMatchObject([{ result: 'problem', found: "the row can't be read: it has no tenantId" }]);
  });
});

describe('applications', () => {
  const both = ['default', 'aiAccess', 'aiStage'];
  const options = { flag: 'old', project: 'default', using: ['web'], accepted: [], acceptUnseen: false };
  const check = (applications: Parameters<typeof checkApplications>[0], more: object = {}) =>
    checkApplications(applications, { ...options, ...more }).map(({ where, result }) => `${where} ${result}`.trim());

  it('lack the strategies, also those that never registered', () => {
    const stock = { name: 'stock', strategies: ['default'], projects: ['default'] };
    const half = { name: 'half', strategies: ['aiAccess'], projects: [] };
    const elsewhere = { name: 'elsewhere', strategies: [], projects: ['other'] };
    const ready = { name: 'ready', strategies: both, projects: ['*'] };
    const all = [stock, half, elsewhere, ready];
    expect(check(all)).toEqual(['stock problem', 'half problem', 'web problem', 'ok']);
    expect(check(all, { acceptUnseen: true })).toEqual(['stock accepted', 'half accepted', 'web problem', 'ok']);
    expect(check(all, { acceptUnseen: true, accepted: ['web'] })).not.toContain('web problem');
  });

  it('are none', () => {
    expect(check([], { using: [] })).toEqual(['ok']);
  });
});
