import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_CONTEXT_NAMES } from '@rampart/core';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { readControlSettings } from '../control-settings.js';
import { readEnvironment } from '../environment.js';
import { neutraliseFormula, restoreFormula } from '../formula.js';
import { renderExport } from '../output/consents.js';
import { readConsentFile } from './consent-file.js';
import { readContexts } from './contexts.js';
import { readText } from './files.js';
import { readAttributes } from './subject.js';

const folder = mkdtempSync(join(tmpdir(), 'rampart-encoding-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
function fileOf(content: string | Uint8Array): string {
  const path = join(folder, 'file.csv');
  writeFileSync(path, content);
  return path;
}
const HEADER = 'tenant,featureClass,state,version\n';

describe('a file', () => {
  it.each<[string, Uint8Array, RegExp]>([
    [
      'Windows-1252',
      Buffer.concat([Buffer.from(`${HEADER}acme,c,opt_in,\ncaf`), Buffer.from([0xe9]), Buffer.from(',c,opt_out,\n')]),
      /FILE ".*file.csv", line 3, byte 4: 0xE9 is not UTF-8; save the file as UTF-8 \(iconv -f WINDOWS-1252/,
    ],
    ['a character cut short at the end', Buffer.from([0x61, 0xe2, 0x82]), /line 1, byte 2: 0xE2 is not UTF-8/],
    ['an overlong form', Buffer.from([0xc0, 0xaf]), /line 1, byte 1: 0xC0/],
    ['UTF-16 with a mark', Buffer.from(`\ufeff${HEADER}`, 'utf16le'), /it is UTF-16LE: save it as UTF-8/],
    ['UTF-16 without one', Buffer.from(HEADER, 'utf16le'), /it is UTF-16LE/],
    ['big-endian UTF-16', Buffer.from(`\ufeff${HEADER}`, 'utf16le').swap16(), /it is UTF-16BE/],
  ])('in %s is refused by line and byte', (_, bytes, message) => {
    expect(() => readConsentFile(fileOf(bytes))).toThrow(message);
  });

  it('in UTF-8 is read as it stands, its byte order mark left out', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(readText('FILE', fileOf(`\ufeff${text}`))).toBe(text);
      }),
      { numRuns: 50 },
    );
  });
});

describe('an invisible character', () => {
  it.each([
    [
      'CSV',
      `${HEADER}globex,copilot,opt_in,\nac\u200bme,copilot,opt_out,\n`,
      'line 3',
      /tenant = .*U\+200B \(zero-width space\) at character 3 \(line 3, column 3\)/,
    ],
    [
      'CSV, in the class',
      `${HEADER}acme,co\u00adpilot,opt_out,\n`,
      'line 2',
      /featureClass = .*U\+00AD \(soft hyphen\) at character 3 \(line 2, column 8\)/,
    ],
    [
      'JSON Lines',
      '{"tenant":"ac\u202eme","featureClass":"copilot","state":"opt_out"}\n{"tenant":"b","featureClass":"copilot","state":"opt_out"}\n',
      'line 1',
      /U\+202E \(right-to-left override\) at character 3 \(line 1, column 14\)/,
    ],
    [
      'JSON, escaped',
      '[{"tenant":"ac\\u00a0me","featureClass":"copilot","state":"opt_out"}]',
      'entry 1',
      /U\+00A0 \(no-break space\) at character 3$/,
    ],
  ])('in an id of %s makes a bad line', (_, text, at, problem) => {
    const { bad } = readConsentFile(fileOf(text));
    expect(bad).toEqual([{ at, problem: expect.stringMatching(problem) }]);
  });

  it('in an argument, or a tenant of a list, is refused by name', () => {
    for (const name of ['tenant', 'user'] as const)
      expect(() => readAttributes({ [name]: 'ac\ufeffme' }, DEFAULT_CONTEXT_NAMES)).toThrow(
        new RegExp(`--${name} = .*U\\+FEFF \\(byte order mark\\) at character 3`),
      );
    expect(readContexts(fileOf('tenantId\nac\u2060me\n'), DEFAULT_CONTEXT_NAMES).unread).toEqual([
      { at: 'line 2', problem: expect.stringMatching(/U\+2060 \(word joiner\) at character 3/) },
    ]);
  });
});

describe('formulas', () => {
  const record = (tenant: string, reason: string) =>
    ({
      tenant,
      featureClass: 'copilot',
      consent: { state: 'opt_out' },
      revision: 'r',
      actor: '@SUM(A1)',
      reason,
      at: 0,
    }) as never;

  it.each(['=HYPERLINK("http://x")', '+1', '-1', '@a', '\t=1', ' =1', '\u00a0\u200b=1', "'=1", "''-1", "' =1"])(
    '%j is text in an export, and comes back',
    (cell) => {
      expect(neutraliseFormula(cell)).toBe(`'${cell}`);
      expect(restoreFormula(neutraliseFormula(cell))).toBe(cell);
      expect(renderExport([record('acme', cell)], 'csv')).not.toMatch(/(?:^|,)"?[=+\-@\t]/m);
    },
  );

  it('a line feed ahead of a formula is text too', () => {
    expect(neutraliseFormula('\n=1')).toBe("'\n=1");
    expect(restoreFormula("'\n=1")).toBe('\n=1');
  });

  it('every text comes back', () => {
    const cell = fc.stringMatching(/^'{0,3} {0,2}[=+@-]?.*$/);
    fc.assert(
      fc.property(cell, (text) => {
        expect(restoreFormula(neutraliseFormula(text))).toBe(text);
      }),
    );
  });

  it('an import reads the tenants of an export', () => {
    const tenants = ['acme', '=1', '-7', "'=x", "o'neil", '+49 30'];
    const { lines, bad } = readConsentFile(
      fileOf(
        renderExport(
          tenants.map((tenant) => record(tenant, '=1')),
          'csv',
        ),
      ),
    );
    expect(bad).toEqual([]);
    expect(lines.map(({ change }) => change.tenant)).toEqual(tenants);
  });
});

describe('a secret from a mounted file or the environment', () => {
  const secret = ' a secret of thirty-two characters';
  it.each(['', '\n', '\r\n', '\n\n'])('that ends in %j is the secret without it, as in the library', (end) => {
    const database = '/data';
    const fromFile = readControlSettings({ database, secretFile: fileOf(`${secret}${end}`) }, readEnvironment({}));
    const fromVariable = readControlSettings({ database }, readEnvironment({ RAMPART_SECRET: `${secret}${end}` }));
    expect([fromFile.secret, fromVariable.secret]).toEqual([secret, secret]);
  });
});
