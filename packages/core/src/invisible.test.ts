import { describe, expect, test } from 'vitest';
import { readControlChange, readId } from './control-change.js';
import { invisibleCharacter } from './invisible.js';

const INVISIBLE: readonly (readonly [number, RegExp])[] = [
  [0x00, /U\+0000 \(control character\)/],
  [0x07, /U\+0007 \(control character\)/],
  [0x09, /U\+0009 \(tab\)/],
  [0x7f, /U\+007F/],
  [0x85, /U\+0085/],
  [0xa0, /U\+00A0 \(no-break space\)/],
  [0xad, /U\+00AD \(soft hyphen\)/],
  [0x034f, /U\+034F \(invisible character\)/],
  [0x061c, /U\+061C/],
  [0x115f, /U\+115F/],
  [0x1680, /U\+1680 \(space that is no U\+0020\)/],
  [0x180e, /U\+180E/],
  [0x2003, /U\+2003/],
  [0x200b, /U\+200B \(zero-width space\)/],
  [0x200d, /U\+200D \(zero-width joiner\)/],
  [0x200f, /U\+200F \(right-to-left mark\)/],
  [0x2028, /U\+2028 \(line separator\)/],
  [0x202e, /U\+202E \(right-to-left override\)/],
  [0x2060, /U\+2060 \(word joiner\)/],
  [0x2067, /U\+2067 \(right-to-left isolate\)/],
  [0x2800, /U\+2800/],
  [0x3164, /U\+3164/],
  [0xd800, /U\+D800 \(half of a character\)/],
  [0xfe0f, /U\+FE0F/],
  [0xfeff, /U\+FEFF \(byte order mark\)/],
  [0xfffd, /U\+FFFD \(replacement character/],
  [0xe0041, /U\+E0041/],
];

describe.each(INVISIBLE)('the character %i', (code, name) => {
  const character = String.fromCodePoint(code);

  test('is found by its name and place', () => {
    expect(invisibleCharacter(`ac${character}me`)).toEqual({ index: 2, name: expect.stringMatching(name) });
  });

  test('is refused in every id, with its name and place', () => {
    const message = new RegExp(`take away .*${name.source}.* at character 3`);
    expect(() => readId('tenant', `ac${character}me`)).toThrow(message);
    const consent = { state: 'opt_in' };
    for (const change of [
      { kind: 'consent', tenant: `ac${character}me`, featureClass: 'copilot', consent },
      { kind: 'choice', tenant: 'acme', user: `an${character}a`, featureClass: '*', choice: 'opt_out' },
      { kind: 'consent', tenant: 'acme', featureClass: `co${character}pilot`, consent },
      { kind: 'kill', kill: { id: 'k', scope: { tenant: `ac${character}me` }, reason: 'r' } },
    ])
      expect(() => readControlChange(change)).toThrow(message);
  });
});

test.each(['acme', 'Acme GmbH', 'café', 'Ünïcode', '東京', 'اب', 'a-b_c.d:e/f@g', '😀'])('%s is visible', (text) => {
  expect(invisibleCharacter(text)).toBeUndefined();
  expect(readId('tenant', text)).toBe(text);
});
