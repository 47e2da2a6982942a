import { stripVTControlCharacters } from 'node:util';
import { type ControlView, explain, InMemoryControl, readSubject } from '@rampart/core';
import { DefinitionSnapshot, UnleashEvaluator } from '@rampart/unleash';
import { describe, expect, it } from 'vitest';
import { renderExplanation } from './explanation.js';
import { renderFindings } from './findings.js';
import { renderCreation, renderInstall } from './plan.js';
import { countChanges, renderPreview } from './preview.js';
import { counted, oneLine, renderTable } from './table.js';
import { paintFor } from './terminal.js';

const plain = paintFor(false);
const colourful = paintFor(true);

describe('tables', () => {
  it('align by what is seen, without trailing spaces', () => {
    const rows = [
      ['ä', colourful('red', 'x'), 'end'],
      ['longer', 'y', ''],
      ['👩‍👩‍👧', 'z', 'end'],
    ];
    expect(renderTable(['A', 'B', 'C'], rows).map(stripVTControlCharacters)).toEqual([
      'A       B  C',
      'ä       x  end',
      'longer  y',
      '👩‍👩‍👧       z  end',
    ]);
  });

  it('show text from elsewhere on one line, without control characters', () => {
    expect(oneLine('a\n\u001b[31mb\u2028c\u0007')).toBe('a [31mb c ');
  });

  it('count', () => {
    expect([counted(0, 'flag'), counted(1, 'flag'), counted(2, 'flag')]).toEqual(['0 flags', '1 flag', '2 flags']);
  });
});

describe('colours', () => {
  it('are used where they are wanted, and only there', () => {
    const findings = [{ severity: 'error', flag: 'f', field: 'x', value: '', fix: 'y' }] as const;
    expect(renderFindings(findings, 'here', plain)).not.toContain('\u001b');
    expect(renderFindings(findings, 'here', colourful)).toContain('\u001b[31m');
  });
});

describe('findings', () => {
  it('stand by flag, with field, value and fix', () => {
    const text = renderFindings(
      [
        { severity: 'error', flag: 'ai.b', field: 'aiStage.rollout', value: '101', fix: 'use a number' },
        { severity: 'error', flag: 'ai.a', field: 'strategies', value: '', fix: 'add one' },
        { severity: 'warning', flag: 'ai.b', field: 'name', value: 'ai.b', fix: 'rename' },
      ],
      '3 flags of development',
      plain,
    );
    expect(text).toBe(
      [
        'ai.b',
        '  error    aiStage.rollout = "101": use a number',
        '  warning  name = "ai.b": rename',
        '',
        'ai.a',
        '  error    strategies: add one',
        '',
        '2 errors, 1 warning in 3 flags of development.',
        '',
      ].join('\n'),
    );
  });

  it('that are none', () => {
    expect(renderFindings([], '1 flag of development', plain)).toBe('No findings in 1 flag of development.\n');
  });
});

describe('plans', () => {
  const rule = {
    name: 'aiStage',
    parameters: { stage: 'internal', tenants: '' },
    variants: [{ name: 'a', weight: 335 }],
  };
  const plan = {
    flag: 'ai.x.v',
    project: 'default',
    steps: [{ kind: 'add rule', flag: 'ai.x.v', environment: 'development', rule }],
    warnings: ['mind this'],
  } as const;

  it('show what is set, and what is not yet done', () => {
    const text = renderCreation(plan, true, ['Next: nothing'], plain);
    expect(text).toContain('would:\n  add an aiStage rule to ai.x.v in development\n      stage=internal\n');
    expect(text).toContain('      variant a 33.5%\nwarning: mind this\n');
    expect(text).toMatch(/Nothing was changed. Run it again without --dry-run/);
    expect(text).not.toMatch(/Next/);
  });

  it('show what comes next once it is done', () => {
    expect(renderCreation(plan, false, ['Next: nothing'], plain)).toMatch(
      /^Done in project default \(1 step\)[\s\S]*Next: nothing\n$/,
    );
  });

  it('of an installation count what changes', () => {
    const field = { name: 'tier', description: '', stickiness: false, legalValues: [] };
    const step = (action: 'create' | 'unchanged') =>
      ({ kind: 'context field', action, name: 'tier', changes: [], field }) as const;
    const plan_ = [step('create'), step('unchanged')];
    expect(renderInstall(plan_, 'http://u', true, plain)).toMatch(/Dry run: 1 to create, 0 to update, 1 unchanged/);
    expect(renderInstall(plan_, 'http://u', false, plain)).toMatch(/Done: 1 created, 0 updated, 1 unchanged/);
    expect(renderInstall([step('unchanged')], 'http://u', false, plain)).toMatch(/Everything is in place already.\n$/);
  });
});

describe('explanations', () => {
  const snapshot = new DefinitionSnapshot(
    [
      {
        name: 'ai.x',
        enabled: true,
        strategies: [{ name: 'aiAccess', parameters: { featureClass: 'c', minTier: 'pro', upgradeUrl: 'https://up' } }],
      },
      {
        name: 'ai.x.v',
        enabled: true,
        dependencies: [{ feature: 'ai.x', enabled: true }],
        strategies: [
          {
            name: 'aiStage',
            parameters: {
              stage: 'canary',
              tenants: 'acme',
              rollout: '100',
              groupId: 'g',
              regions: 'eu',
              maxPerHour: '10',
            },
            variants: [{ name: 'a', weight: 1000, payload: { type: 'json', value: '{"model":"m"}' } }],
          },
        ],
      },
      { name: 'plain', enabled: true, strategies: [] },
    ],
    { tiers: ['free', 'pro'], evaluator: new UnleashEvaluator() },
  );
  const control = new InMemoryControl();
  control.apply({ kind: 'consent', tenant: 'acme', featureClass: 'c', consent: { state: 'opt_in' } });

  function text(
    flag: string,
    attributes: object,
    more: { ownRules?: boolean; readAs?: 'admin'; view?: ControlView } = {},
  ) {
    const view = more.view ?? control.read('acme');
    const explanation = explain(snapshot, flag, readSubject({ tenantId: 'acme', ...attributes }), view, {
      tiers: ['free', 'pro'],
    });
    return renderExplanation(
      {
        flag,
        environment: 'development',
        tenant: 'acme',
        readAs: more.readAs ?? 'client',
        explanation,
        enabled: explanation.decision.enabled && more.ownRules !== false,
        ownRules: more.ownRules,
        notes: ['a note'],
      },
      plain,
    );
  }

  it('of an open change tell everything a service gets', () => {
    const found = text('ai.x', { tier: 'pro', region: 'eu' });
    expect(found).toMatch(/^ai\.x in development for tenant acme\n\nGATE +FLAG +RULE +SAW +SAYS\n/);
    expect(found).toContain(
      'Decision: enabled, every gate is open\n  enabled    true\n  feature    ai.x\n  change     ai.x.v\n',
    );
    expect(found).toContain('  binding    {"model":"m"}\n');
    expect(found).toContain('  route      unknown until a confidence is known (--confidence)\n');
    expect(found).toContain('  limits     10 calls per tenant and hour\n');
    expect(found).toMatch(/ {2}revisions {2}flag [0-9a-f]{12}, policy [0-9a-f]{12}, consent 1\n\na note\n$/);
    expect(found).not.toContain('<- decides');
  });

  it('mark the gate that decided, once', () => {
    const found = text('ai.x.v', { tier: 'pro', region: 'us' });
    expect(found.match(/<- decides/g)).toHaveLength(1);
    expect(found).toMatch(/region +ai\.x\.v +1 +us, allowed eu +closed: not_listed {2}<- decides\n/);
    expect(found).toContain('Decision: off, gate region (not_listed)\n');
  });

  it('show a paywall', () => {
    const found = text('ai.x', { tier: 'free', region: 'eu' });
    expect(found).toMatch(/tier +ai\.x +tier free, lowest pro +closed: tier_too_low {2}<- decides/);
    expect(found).toContain('Decision: paywall, gate tier (tier_too_low)\n');
    expect(found).toContain('  paywall    has free, needs pro, https://up\n');
  });

  it('say why a later gate is named where consent is not the sole obstacle', () => {
    const view = new InMemoryControl().read('acme');
    const more = view === undefined ? {} : { view };
    expect(text('ai.x.v', { tier: 'pro', region: 'us' }, more)).toMatch(
      /Gate consent is closed too. Consent alone would not open it/,
    );
    expect(text('ai.x.v', { tier: 'pro', region: 'eu' }, more)).not.toMatch(/is closed too/);
  });

  it('leave out revisions that only the client API gives', () => {
    expect(text('ai.x', { tier: 'pro' }, { readAs: 'admin' })).not.toMatch(/revisions/);
  });

  it('of a flag whose own rules say no', () => {
    const found = text('ai.x', { tier: 'pro', region: 'eu' }, { ownRules: false });
    expect(found).toContain("Decision: off, by the flag's own rules; every gate is open\n  enabled    false\n");
  });

  it('of an ordinary flag say that Rampart has no say', () => {
    expect(text('plain', {}, { ownRules: true })).toMatch(
      /Rampart has no say here: plain is an ordinary flag[\s\S]*Unleash answers/,
    );
  });
});

describe('previews', () => {
  const decision = explain(
    new DefinitionSnapshot([], { tiers: [], evaluator: new UnleashEvaluator() }),
    'x',
    readSubject({}),
    undefined,
  ).decision;
  const row = (at: string, change: 'loses' | 'keeps') =>
    ({
      at,
      subject: { tenantId: at },
      change,
      before: true,
      after: change === 'keeps',
      decision,
      unknownBecause: [],
    }) as const;
  const text = (all: boolean) =>
    renderPreview(
      {
        what: 'If so:',
        rows: [row('line 2', 'keeps'), row('line 3', 'loses')],
        unread: [{ at: 'line 4', problem: 'has no tenantId' }],
        counts: { loses: 1, gains: 0, keeps: 1, 'stays out': 0, unknown: 0 },
        all,
        tenantName: 'tenantId',
        notes: [],
      },
      plain,
    );

  it('count and list rows whose answer today can not be known', () => {
    const unknown = { change: 'unknown', before: 'unknown', after: 'unknown', unknownBecause: ['no userId'] } as const;
    const rows = [row('line 2', 'keeps'), { ...row('line 3', 'keeps'), ...unknown }];
    const shown = renderPreview(
      { what: '', rows, unread: [], counts: countChanges(rows), all: false, tenantName: 'tenantId', notes: [] },
      plain,
    );
    expect(shown).toMatch(/line 3 +line 3 +\? +\? +unknown +no userId\n/);
    expect(shown).toContain('2 rows: 0 lose access, 0 gain it, 1 keep it, 0 stay out, 1 not known.');
  });

  it('list those for whom something changes, and count everyone', () => {
    expect(text(false)).toContain(
      '3 rows: 1 lose access, 0 gain it, 1 keep it, 0 stay out, 1 not readable.\nline 4: has no tenantId\n',
    );
    expect(text(false)).toMatch(/line 3 +line 3 +on +off +loses +flag: not_found/);
    expect(text(false)).not.toContain('line 2');
  });

  it('list everyone, losers first, when asked', () => {
    expect(text(true)).toMatch(/line 3[\s\S]*line 2/);
  });
});
