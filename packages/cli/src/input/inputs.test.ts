import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_CONTEXT_NAMES } from '@rampart/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readContextNames } from './context-names.js';
import { readContexts } from './contexts.js';
import { readControl } from './control.js';
import { readGates } from './files.js';
import { listOf, readPairs } from './pairs.js';
import { readAttributes } from './subject.js';
import { readVariant } from './variants.js';

let folder = '';
const file = (text: string): string => {
  const path = join(folder, 'input');
  writeFileSync(path, text);
  return path;
};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rampart-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('name=value', () => {
  it('splits at the first sign of equality', () => {
    expect([...readPairs('--set', ['a=b=c', ' d =', '__proto__=x'])]).toEqual([
      ['a', 'b=c'],
      ['d', ''],
      ['__proto__', 'x'],
    ]);
  });

  it.each(['a', '=b', ''])('refuses %j', (entry) => {
    expect(() => readPairs('--set', [entry])).toThrow(`--set ${JSON.stringify(entry)}: write name=value`);
  });

  it('refuses a name twice', () => {
    expect(() => readPairs('--set', ['a=1', 'a=2'])).toThrow(/--set: "a" is given twice/);
  });

  it('lists leave empty entries out', () => {
    expect(listOf(' a,, b ,')).toEqual(['a', 'b']);
  });
});

describe('variants', () => {
  it.each([
    ['a', { name: 'a' }],
    ['a=40', { name: 'a', weight: 40 }],
    ['a=33.3:{"model":"m:1","n":1}', { name: 'a', weight: 33.3, binding: { model: 'm:1', n: 1 } }],
    ['v18={"prompt":"v18"}', { name: 'v18', binding: { prompt: 'v18' } }],
    ['a="text"', { name: 'a', binding: 'text' }],
    ['a=[1]', { name: 'a', binding: [1] }],
    ['a=:"text"', { name: 'a', binding: 'text' }],
    ['a=0:null', { name: 'a', weight: 0, binding: null }],
  ])('%s', (text, variant) => {
    expect(readVariant(text)).toEqual(variant);
  });

  it.each(['', '=40', 'a=x', 'a=-1', 'a=1e2', 'a=40:text', 'a=40:', 'a={m', 'a=text', 'a:{"m":1}', 'a b=1'])(
    'refuses %j',
    (text) => {
      expect(() => readVariant(text)).toThrow(/^--variant .*write name, name=WEIGHT, name=JSON or name=WEIGHT:JSON/);
    },
  );
});

describe('the subject', () => {
  it('has only the facts that are given', () => {
    expect(readAttributes({ tenant: 'acme', labels: '', complexity: '3' }, DEFAULT_CONTEXT_NAMES)).toEqual({
      tenantId: 'acme',
      labels: '',
      complexity: 3,
    });
  });

  it('uses the names that the services use', () => {
    const names = readContextNames(['tenantId=orgId', 'userId=who']);
    const attributes = readAttributes({ tenant: 'acme', user: 'u', attribute: ['plan=x'] }, names);
    expect(attributes).toEqual({ orgId: 'acme', who: 'u', plan: 'x' });
  });

  it.each([
    [{ complexity: 'hard' }, /--complexity "hard": write a number/],
    [{ confidence: '' }, /--confidence "": write a number/],
    [{ tenant: 'a', attribute: ['tenantId=b'] }, /--attribute tenantId: it is given by its own option/],
  ])('refuses %j', (flags, message) => {
    expect(() => readAttributes(flags, DEFAULT_CONTEXT_NAMES)).toThrow(message);
  });

  it.each([
    ['plan=x', /--context-name plan: there is no such fact, use one of userId, tenantId/],
    ['tier=', /--context-name tier: name the attribute/],
    ['constructor=x', /no such fact/],
  ])('refuses the name %s', (entry, message) => {
    expect(() => readContextNames([entry])).toThrow(message);
  });
});

describe('control', () => {
  const view = (text: string, consent: readonly string[] = []) =>
    readControl({ control: file(text), consent }, ['acme']).read('acme');

  it('takes every kind of change', () => {
    const scope = { feature: 'ai.x' };
    const changes = [
      { kind: 'consent', tenant: 'acme', featureClass: 'c', consent: { state: 'opt_in', version: 2 } },
      { kind: 'choice', tenant: 'acme', user: 'u', featureClass: '*', choice: 'opt_out' },
      { kind: 'choice', tenant: 'acme', user: 'v', featureClass: '*' },
      { kind: 'preference', tenant: 'acme', mode: 'suggestion', bands: { autoAbove: 0.99 } },
      { kind: 'model', featureClass: 'c', model: 'opt_in' },
      { kind: 'kill', kill: { id: 'k', scope, reason: 'r' } },
      { kind: 'kill', kill: { id: 'l', scope: { all: true }, reason: 'r' } },
      { kind: 'revive', id: 'l' },
      { kind: 'cap', cap: { id: 'c', scope, mode: 'shadow' } },
      { kind: 'lift_cap', id: 'other' },
      { kind: 'floor', floor: { id: 'f', scope, bands: { reviewFrom: 0.7 } } },
      { kind: 'lift_floor', id: 'other' },
      { kind: 'calibration', change: 'ai.x.v', error: 0.01 },
    ];
    const found = view(JSON.stringify(changes));
    expect(found?.revision).toBe('13');
    expect(found?.kills.map(({ id }) => id)).toEqual(['k']);
    expect(found?.tenant.consents.get('c')).toEqual({ state: 'opt_in', version: 2 });
    expect(found?.tenant.bands).toEqual({ autoAbove: 0.99 });
  });

  it('takes consents of every tenant that is asked about, after the file', () => {
    const found = view('[]', ['c=opt_in:3', 'd=opt_out', 'e=unset']);
    expect(Object.fromEntries(found?.tenant.consents ?? [])).toEqual({
      c: { state: 'opt_in', version: 3 },
      d: { state: 'opt_out' },
      e: { state: 'unset' },
    });
  });

  it.each([
    ['{', /no valid JSON/],
    ['{}', /write a JSON list/],
    ['[{"kind":"nope"}]', /entry 1: /],
    ['[{"kind":"preference","tenant":"a","mod":"shadow"}]', /entry 1: mod = "shadow": there is no such field/],
    [
      '[{"kind":"revive","id":"x"},{"kind":"kill","kill":{"id":"k","scope":{"tenat":"a"},"reason":""}}]',
      /entry 2: kill.scope/,
    ],
    ['[{"kind":"kill","kill":{"id":"k","scope":{},"reason":""}}]', /entry 1: kill\.scope = \{\}: name a feature/],
    ['[{"kind":"consent","tenant":"","featureClass":"c","consent":{"state":"opt_in"}}]', /entry 1: tenant/],
    ['[{"kind":"consent","tenant":"a","featureClass":"c","consent":{"state":"yes"}}]', /entry 1: consent.state/],
  ])('refuses %s', (text, message) => {
    expect(() => view(text)).toThrow(message);
  });

  it.each(['c', 'c=yes', 'c=opt_in:', 'c=opt_in:x', '=opt_in', 'c d=opt_in'])('refuses the consent %j', (entry) => {
    expect(() => view('[]', [entry])).toThrow(`--consent ${JSON.stringify(entry)}: write class=opt_in`);
  });
});

describe('the gates map', () => {
  it('is an object of texts', () => {
    expect(readGates(undefined)).toEqual({});
    expect(readGates(file('{"old":"ai.x"}'))).toEqual({ old: 'ai.x' });
  });

  it.each(['[]', '{"old":1}', '{"old":""}', '"x"'])('refuses %s', (text) => {
    expect(() => readGates(file(text))).toThrow(/write one JSON object of flag to feature/);
  });
});

describe('contexts', () => {
  const read = (text: string) => readContexts(file(text), DEFAULT_CONTEXT_NAMES);
  const tenants = (text: string) => read(text).contexts.map(({ at, attributes }) => [at, attributes['tenantId']]);

  it('from JSON: a list, or one object', () => {
    expect(tenants('[{"tenantId":"a"},{"tenantId":2}]')).toEqual([
      ['entry 1', 'a'],
      ['entry 2', 2],
    ]);
    expect(tenants('{"tenantId":"a"}')).toEqual([['entry 1', 'a']]);
    expect(read('[{"tenantId":"a"},[],null,{"tenantId":""},"x"]').unread).toEqual([
      { at: 'entry 2', problem: 'is no object' },
      { at: 'entry 3', problem: 'is no object' },
      { at: 'entry 4', problem: 'has no tenantId' },
      { at: 'entry 5', problem: 'is no object' },
    ]);
  });

  it('from JSON Lines, with the number of every line that is none', () => {
    const text = '{"tenantId":"a"}\r\n\r\n{"tenantId":\r\n{"tenantId":"b"}\r\n{"tier":"pro"}';
    expect(tenants(text)).toEqual([
      ['line 1', 'a'],
      ['line 4', 'b'],
    ]);
    expect(read(text).unread).toEqual([
      { at: 'line 3', problem: expect.stringMatching(/^no valid JSON/) },
      { at: 'line 5', problem: 'has no tenantId' },
    ]);
  });

  it('refuses numbers that are no exact ids', () => {
    const rows = '[{"tenantId":9007199254740993},{"tenantId":"9007199254740993"},{"tenantId":"a","targetingKey":1e21}]';
    expect(tenants(rows)).toEqual([['entry 2', '9007199254740993']]);
    expect(read(rows).unread).toEqual([
      { at: 'entry 1', problem: expect.stringMatching(/^tenantId: a number that is no safe integer/) },
      { at: 'entry 3', problem: expect.stringMatching(/^targetingKey: a number that is no safe integer/) },
    ]);
  });

  it('from CSV, with quotes, a byte order mark and either line ending', () => {
    const text = '\uFEFFtenantId,tier,labels\r\na, pro ,"hipaa,vip"\r\n\r\n"b ""x""",,\n';
    expect(read(text)).toEqual({
      contexts: [
        { at: 'line 2', attributes: { tenantId: 'a', tier: 'pro', labels: 'hipaa,vip' } },
        { at: 'line 4', attributes: { tenantId: 'b "x"', tier: '', labels: '' } },
      ],
      unread: [],
    });
  });

  it('names every row of a CSV that is none, and loses no line', () => {
    const text = 'tenantId,tier\na\nb,pro,x\n,pro\nc"d,pro\n"e,pro\nf,pro\n';
    const { contexts, unread } = read(text);
    expect(contexts).toEqual([]);
    expect(unread).toEqual([
      { at: 'line 2', problem: '1 cells, but the header has 2' },
      { at: 'line 3', problem: '3 cells, but the header has 2' },
      { at: 'line 4', problem: 'has no tenantId' },
      { at: 'line 5', problem: expect.stringMatching(/quote/i) },
      { at: 'lines 6 to 7', problem: expect.stringMatching(/quote/i) },
    ]);
  });

  it.each([
    ['', /there are no rows/],
    ['tenantId,tier\n', /there are no rows/],
    ['[]', /there are no rows/],
    ['[{]', /no valid JSON/],
    ['tenantId,tier,tier\na,b,c\n', /column "tier" of the header is empty or there twice/],
    ['tenant"Id,tier\na,b\n', /the header can not be read/],
    ['"tenantId,tier\na,b\n', /the header can not be read/],
    ['tenantId,\na,b\n', /column "" of the header/],
  ])('refuses %j', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it('refuses a file that is not there', () => {
    expect(() => readContexts('/nowhere/tenants.csv', DEFAULT_CONTEXT_NAMES)).toThrow(
      '--tenants "/nowhere/tenants.csv": no such file',
    );
  });
});
