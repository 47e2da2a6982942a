import type { JsonValue } from '@rampart/core';
import type { OrderReport } from '@rampart/sdk/operator';
import { describe, expect, it } from 'vitest';
import { renderEntry, renderVerification } from './audit.js';
import { renderExport } from './consents.js';
import { renderDiff } from './entry-diff.js';
import { renderKills } from './kills.js';
import { renderLeft, renderOrder, renderProgress } from './order.js';
import { paintFor } from './terminal.js';

const plain = paintFor(false);
const at = Date.UTC(2026, 10, 21, 3);
const half = { since: at, attempts: 0, notes: [] };
const place = { flag: 'ai.x', project: 'default', environment: 'production' };
const report = (more: Partial<OrderReport>): OrderReport => ({
  action: 'kill',
  id: 'kill-1',
  scope: { feature: 'ai.x' },
  control: { ...half, state: 'held' },
  unleash: { ...half, state: 'held', switched: [place] },
  settled: true,
  ...more,
});
const cut = report({
  control: { ...half, state: 'pending', attempts: 4, error: 'nobody\nanswers' },
  settled: false,
});

const TENANTS = Array.from({ length: 100 }, (_, index) => `t${index}`);
const X20 = 'x'.repeat(20);
const ORDERED = TENANTS.join(',');
const ORDER_DIFF = 'a …3,t94,t95,t96,t97,t98,t99 → …3,t94,t95,t96,t97,t99,t98';

describe('an order', () => {
  it('shows which half holds, since when, and what was switched', () => {
    expect(renderOrder(report({}), plain).split('\n')).toEqual([
      'kill kill-1: feature ai.x',
      '  control log  HOLDS since 2026-11-21T03:00:00.000Z',
      '  Unleash      HOLDS since 2026-11-21T03:00:00.000Z',
      '    switched off: ai.x in production',
      '',
    ]);
    expect(renderLeft(report({}), plain)).toBe('');
  });

  it('shows what does not hold and why, and who finishes it', () => {
    expect(renderOrder(cut, plain)).toContain(
      '  control log  DOES NOT HOLD YET since 2026-11-21T03:00:00.000Z, after 4 failed\n    nobody answers\n  Unleash      HOLDS',
    );
    expect(renderLeft(cut, plain)).toBe(
      'Left pending: the control log. rampart sync finishes it, from this machine.\n',
    );
    const unleash = { ...half, state: 'pending', switched: [] } as const;
    expect(renderLeft(report({ unleash, settled: false }), plain)).toMatch(/Left pending: Unleash\..*from any machine/);
  });

  it('says nothing while nothing failed, then what holds and what is still tried', () => {
    const control = { ...half, state: 'pending' } as const;
    expect(renderProgress(report({ control, settled: false }))).toBe('');
    expect(renderProgress(cut)).toBe('  Unleash HOLDS; still trying, control log: nobody answers\n');
  });

  it('shows notes, also of a journal that could not be written', () => {
    const unleash = { ...half, state: 'not_needed', switched: [], notes: ['look there'] } as const;
    const text = renderOrder(report({ unleash, journalError: 'EACCES' }), plain);
    expect(text).toMatch(
      /Unleash {6}not needed\n {2}note: look there\n {2}note: this could not be noted on this machine: EACCES/,
    );
  });
});

describe('live kills', () => {
  const kill = { id: 'kill-1', scope: { tenant: 'acme' }, reason: 'INC-7', revision: 'r', actor: undefined, at };
  const nothing = { orders: [], unreadable: [] };

  it('say what, since when, who and why', () => {
    expect(renderKills({ kills: [kill], flagsOff: [], ...nothing }, plain)).toMatch(
      /kill-1 {2}tenant acme {2}2026-11-21T03:00:00.000Z {2}\(erased\) {2}INC-7\n1 live kill\.\n$/,
    );
    expect(renderKills({ kills: [], ...nothing }, plain)).toBe('No live kills.\n');
    const off = {
      flag: 'ai.x\u001b[2J',
      environment: 'production',
      project: 'default',
      kill: 'kill-1',
      why: 'left off',
    };
    const flagsOff = [{ ...off, reason: 'left_off' }] as const;
    expect(renderKills({ kills: [], ...nothing, flagsOff, flagsOffError: 'gone' }, plain)).toMatch(
      /^No live kills\.\nstill off {2}ai\.x \[2J in production: left off\nUnleash was not asked whether they still are: gone\n$/,
    );
  });

  it('do not claim that there are none where the database could not be asked', () => {
    const text = renderKills(
      { kills: [], ...nothing, unreadable: [{ file: '/f', problem: 'p' }], error: 'gone' },
      plain,
    );
    expect(text).toBe('can not read /f: p\ncan not ask the database what is left: gone\n');
  });
});

describe('the audit trail', () => {
  const entry = {
    position: 7,
    revision: 'e.7',
    id: 'i',
    at,
    erased: false,
    actor: 'dana',
    reason: 'r\u001b[2J',
  } as const;

  it('shows only what differs, and no control characters', () => {
    const edit = { type: 'feature-strategy-update', environment: 'production', event: 12, at };
    const before = {
      id: 'rule-1',
      name: 'aiStage',
      title: 't',
      parameters: { stage: 'tier', rollout: '25', groupId: 'g' },
      constraints: [],
    };
    const after = { ...before, parameters: { stage: 'ga', rollout: '100', groupId: 'g' } };
    const text = renderEntry({ ...entry, kind: 'flag_edit', flag: 'ai.x.v18', before, after, edit }, plain);
    expect(text.split('\n')).toEqual([
      '     7  2026-11-21T03:00:00.000Z  flag_edit  flag ai.x.v18, rule rule-1',
      '        feature-strategy-update in production, event 12 at 2026-11-21T03:00:00.000Z',
      '        stage tier → ga, rollout 25 → 100',
      '        by dana: r [2J',
      '',
    ]);
  });

  it('names the class of a consent, a choice and a model', () => {
    const consent = {
      kind: 'consent',
      tenant: 'acme',
      featureClass: 'copilot',
      consent: { state: 'opt_in', version: 3 },
    } as const;
    const text = renderEntry(
      { ...entry, kind: 'consent', tenant: 'acme', change: consent, before: null, after: consent.consent },
      plain,
    );
    expect(text).toContain('consent  tenant acme, class copilot\n        nothing → state opt_in, version 3\n');
    const model = { kind: 'model', featureClass: 'copilot', model: 'opt_in' } as const;
    const stricter = renderEntry({ ...entry, kind: 'model', change: model, before: 'opt_out', after: 'opt_in' }, plain);
    expect(stricter).toContain('model  class copilot\n        opt_out → opt_in\n');
  });

  it('shows the ids of kills, overrides, caps and what ends them', () => {
    const kill = { id: 'kill-1', scope: { feature: 'ai.x' }, reason: 'INC-7' };
    expect(
      renderEntry(
        { ...entry, kind: 'kill', flag: 'ai.x', change: { kind: 'kill', kill }, before: null, after: kill },
        plain,
      ),
    ).toContain('kill  flag ai.x, id kill-1\n        nothing → scope.feature ai.x, reason INC-7\n');
    expect(
      renderEntry(
        { ...entry, kind: 'revive', change: { kind: 'revive', id: 'kill-1' }, before: kill, after: null },
        plain,
      ),
    ).toContain('revive  id kill-1\n        scope.feature ai.x, reason INC-7 → nothing\n');
    const override = { id: 'o-1', flag: 'ai.x', force: 'off', reason: 'r', until: at } as const;
    const changed = { ...override, until: at + 60_000 };
    const set = { kind: 'override', tenant: 'acme', override: changed } as const;
    expect(
      renderEntry(
        { ...entry, kind: 'override', tenant: 'acme', flag: 'ai.x', change: set, before: override, after: changed },
        plain,
      ),
    ).toContain(
      'override  tenant acme, flag ai.x, id o-1\n        until 2026-11-21T03:00:00.000Z → 2026-11-21T03:01:00.000Z\n',
    );
  });

  it.each<[string, JsonValue, JsonValue, string]>([
    [
      'entries of a list',
      { constraints: [{ a: 1 }, { b: 2 }] },
      { constraints: [{ b: 2 }, { c: 3 }] },
      'constraints − {"a":1} + {"c":3}',
    ],
    ['the order of a list', { tiers: ['a', 'b'] }, { tiers: ['b', 'a'] }, 'tiers ["a","b"] → ["b","a"]'],
    ['a parameter that is emptied', { parameters: { tiers: 'pro' } }, { parameters: { tiers: '' } }, 'tiers pro → ""'],
    ['a parameter that is new', { parameters: {} }, { parameters: { rollout: '5' } }, 'rollout nothing → 5'],
    ['a switch', { enabled: false }, { enabled: true }, 'enabled false → true'],
    ['equal values', { a: 1 }, { a: 1 }, 'nothing changed'],
    ['control and bidi characters', { a: 'x' }, { a: '\u001b[2J\u202egnp\u2066' }, 'a x →  [2J\ufffdgnp\ufffd'],
    ['a long value', { a: 'x' }, { a: 'y'.repeat(500) }, `a x → ${'y'.repeat(199)}…`],
    [
      'entries of a long list in a parameter',
      { parameters: { tenants: TENANTS.join(',') } },
      { parameters: { tenants: [...TENANTS.filter((tenant) => tenant !== 't5'), 't200'].join(', ') } },
      'tenants − t5 + t200',
    ],
    ['the end of a long text', { a: 'x'.repeat(300) }, { a: `${'x'.repeat(300)}!` }, `a …${X20} → …${X20}!`],
    [
      'a member of a long entry of a list',
      { variants: [{ name: 'v', payload: { value: `${'x'.repeat(300)}a` } }] },
      { variants: [{ name: 'v', payload: { value: `${'x'.repeat(300)}b` } }] },
      `variants.payload.value …${X20}a → …${X20}b`,
    ],
    ['the order of a long list', { a: ORDERED }, { a: ORDERED.replace('t98,t99', 't99,t98') }, ORDER_DIFF],
  ])('%s', (_, before, after, diff) => {
    expect(renderDiff(before, after)).toBe(diff);
  });

  it('says what was erased', () => {
    expect(renderEntry({ ...entry, kind: 'consent', erased: true }, plain)).toMatch(/consent\n +\(erased\)\n$/);
  });

  it('names what was tampered with, and what no head can show', () => {
    const head = { epoch: 'e', position: 9, mac: 'm', at, signature: 's' };
    const bad = { kind: 'edited', position: 4, message: 'it says something else' } as const;
    const rest = { entries: 9, sealed: 0, erased: 1, signedWithSecret: true, head };
    const text = renderVerification({ ok: false, findings: [bad], ...rest }, 1, plain);
    expect(text).toMatch(
      /^edited {5}entry 4: it says something else\n1 finding: the log was tampered with: 9 entries, 1 erased/,
    );
    expect(renderVerification({ ok: true, findings: [], ...rest }, 0, plain)).toMatch(
      /The log is whole.*\nWithout a head/,
    );
  });

  it('tells a missing secret from tampering, and a rotation that is not recorded yet', () => {
    const rest = { entries: 9, sealed: 0, erased: 1, head: { epoch: 'e', position: 9, mac: 'm', at, signature: 's' } };
    const missing = { kind: 'secret_missing', position: 1, message: 'not given' } as const;
    const text = renderVerification({ ok: false, findings: [missing], signedWithSecret: true, ...rest }, 1, plain);
    expect(text).toMatch(/1 finding: entries whose secret was not given can not be proven/);
    expect(text).not.toMatch(/tampered|RAMPART_SECRET/);
    expect(renderVerification({ ok: true, findings: [], signedWithSecret: false, ...rest }, 1, plain)).toMatch(
      /not with RAMPART_SECRET yet: see rampart secret status/,
    );
  });
});

describe('an export', () => {
  it('quotes what CSV would misread', () => {
    const record = {
      tenant: 'a,"b"',
      featureClass: 'c',
      consent: { state: 'opt_in' },
      revision: 'r',
      actor: 'x',
      at,
    } as const;
    expect(
      renderExport([{ ...record, reason: 'one\ntwo' }], 'csv')
        .split('\n')
        .slice(1)
        .join('\n'),
    ).toBe('"a,""b""",c,opt_in,,r,x,"one\ntwo",2026-11-21T03:00:00.000Z\n');
  });
});
