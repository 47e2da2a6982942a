import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readConsentFile } from './consent-file.js';
import { readHeads } from './heads.js';
import { readDuration, readFuture, readPast } from './moment.js';
import { readScope, shownScope } from './scope.js';

let folder = '';
const file = (text: string): string => {
  const path = join(folder, 'file');
  writeFileSync(path, text);
  return path;
};
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rampart-inputs-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('times', () => {
  it.each([
    ['30s', 30_000],
    ['90m', 5_400_000],
    ['1.5h', 5_400_000],
    [' 2 d ', 172_800_000],
    ['1w', 604_800_000],
  ])('%s', (text, expected) => {
    expect(readDuration('--for', text)).toBe(expected);
  });

  it.each(['', '2', 'h', '0s', '-2h', '2 hours', '1e9w', '99999999999w'])('not %j', (text) => {
    expect(() => readDuration('--for', text)).toThrow(/^--for .*write a number with s, m, h, d or w/);
  });

  const noon = Date.UTC(2026, 10, 21, 12);
  it('are moments, or how long ago', () => {
    expect(readPast('--since', '2h', noon)).toBe(noon - 7_200_000);
    expect(readPast('--since', '2026-11-21T13:00+02:00', noon)).toBe(noon - 3_600_000);
    expect(readPast('--since', '2026-11-21', noon)).toBe(noon - 43_200_000);
    expect(readFuture('--until', '2026-11-21T12:00:01Z', noon)).toBe(noon + 1_000);
  });

  it.each(['tomorrow', '2026-11-21T13:00', '2026-13-01', '21.11.2026', '12'])('not the moment %j', (text) => {
    expect(() => readPast('--since', text, noon)).toThrow(/write a moment with its zone/);
  });

  it('that are over can not be an end', () => {
    expect(() => readFuture('--until', '2026-11-21T12:00Z', noon)).toThrow(/it is over already/);
  });
});

describe('scopes', () => {
  it('hold what is given, and are shown as it was said', () => {
    const scope = readScope({ feature: 'ai.x', tenant: 'acme' });
    expect(scope).toEqual({ feature: 'ai.x', tenant: 'acme' });
    expect([shownScope(scope), shownScope(readScope({ all: true }))]).toEqual([
      'feature ai.x and tenant acme',
      'everything',
    ]);
  });
});

describe('consent files', () => {
  it.each([
    ['CSV', 'tenant,featureClass,state,version\nacme,copilot,opt_in,3\n7,copilot,opt_out,\n'],
    [
      'CSV of an export',
      'tenant,featureClass,state,version,revision,actor,reason,at\nacme,copilot,opt_in,3,r,a,b,c\n7,copilot,opt_out,,,,,\n',
    ],
    [
      'JSON Lines',
      '{"tenant":"acme","featureClass":"copilot","state":"opt_in","version":3}\n{"tenant":"7","featureClass":"copilot","state":"opt_out"}\n',
    ],
    [
      'JSON',
      '[{"tenant":"acme","featureClass":"copilot","state":"opt_in","version":3},{"tenant":"7","featureClass":"copilot","state":"opt_out","version":null}]',
    ],
  ])('of %s', (_, text) => {
    const { lines, bad } = readConsentFile(file(text));
    expect(bad).toEqual([]);
    expect(lines.map(({ change }) => [change.tenant, change.consent])).toEqual([
      ['acme', { state: 'opt_in', version: 3 }],
      ['7', { state: 'opt_out' }],
    ]);
  });

  it('name every bad line, its field, value and fix', () => {
    const rows = [
      '{"tenant":7,"featureClass":"c","state":"opt_in"}',
      '{',
      '[]',
      '{"tenant":"a","featureClass":"c","state":"opt_in","terms":1}',
      '{"tenant":"a","featureClass":"c","state":"opt_in","version":"1.5"}',
    ];
    const { lines, bad } = readConsentFile(file(rows.join('\n')));
    expect(lines).toEqual([]);
    expect(bad.map(({ at, problem }) => `${at}: ${problem}`)).toEqual([
      'line 1: tenant = 7: write a string',
      expect.stringMatching(/^line 2: no valid JSON/),
      'line 3: is no object',
      'line 4: terms: there is no such column, use tenant,featureClass,state,version',
      'line 5: consent.version = "1.5": use a whole number from 0',
    ]);
  });

  it('are the same import only where the text is the same', () => {
    const digest = (text: string): string => readConsentFile(file(`tenant,featureClass,state\n${text}\n`)).digest;
    expect(digest('a,c,opt_in')).toBe(digest('a,c,opt_in'));
    expect(digest('a,c,opt_in')).not.toBe(digest('a,c,opt_out'));
  });

  it('without rows are refused', () => {
    expect(() => readConsentFile(file('tenant,featureClass,state\n'))).toThrow(/there are no rows/);
  });
});

describe('heads', () => {
  const head = { epoch: 'e', position: 4, mac: 'm', at: 1, signature: 's' };
  it.each([
    ['one', JSON.stringify(head), 1],
    ['one, spread over lines', JSON.stringify(head, undefined, 2), 1],
    ['a list', JSON.stringify([head, head]), 2],
    ['one a line', `${JSON.stringify(head)}\n\n${JSON.stringify(head)}\n`, 2],
  ])('are read from %s', (_, text, count) => {
    expect(readHeads(file(text))).toEqual(Array.from({ length: count }, () => head));
  });

  it.each(['', '{}', '[]', `${JSON.stringify(head)}\nnonsense\n`])('are no %j', (text) => {
    expect(() => readHeads(file(text))).toThrow(/--heads .*write what rampart audit head printed/);
  });
});
