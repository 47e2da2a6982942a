import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable, printableJson } from './printable.js';
import { oneLine, renderTable } from './table.js';
import { paintFor } from './terminal.js';

/** What reorders, hides or overwrites text. */
const MISLEADING = [
  ...['\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069'],
  ...['\u061c', '\u200e', '\u200f', '\u200b', '\u2060', '\ufeff', '\u00ad', '\u{e0041}', '\u2028', '\u2029'],
  ...['\u0000', '\u0007', '\b', '\r', '\u001b', '\u007f', '\u0085', '\u009b'],
];

describe('text from elsewhere', () => {
  it.each(MISLEADING)('does not pass into a table: %j', (character) => {
    expect(oneLine(`a${character}b`)).not.toContain(character);
    expect(renderTable(['A'], [[oneLine(`a${character}b`)]]).join('')).not.toContain(character);
  });

  it.each(MISLEADING)('does not pass to the terminal by any other way: %j', (character) => {
    for (const colour of [true, false]) expect(printable(`a${character}b`, colour)).not.toContain(character);
  });

  it('cannot style, erase or link, also where colours are wanted', () => {
    for (const text of ['\u001b[8mhidden', '\u001b[2J', '\u001b]8;;https://evil.example\u0007x', '\u009b2J'])
      for (const control of ['\u001b', '\u009b', '\u0007']) expect(printable(text, true)).not.toContain(control);
  });

  it('stays as it is where it misleads nobody', () => {
    const text = 'Zürich, 東京, می\u200cخواهم, 👩\u200d🚀, e\u0301\n\tindented';
    expect(printable(text, true)).toBe(text);
    expect(printable(paintFor(true)('red', 'x'), true)).toBe(paintFor(true)('red', 'x'));
    expect(printable(paintFor(true)('bold', 'x'), false)).not.toContain('\u001b');
  });

  it('reads the same from JSON, where it is escaped', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...MISLEADING)), (text) => {
        const json = printableJson({ [text]: text }, 2);
        expect(JSON.parse(json)).toEqual({ [text]: text });
        expect(printable(json, true)).toBe(json);
      }),
    );
  });
});
