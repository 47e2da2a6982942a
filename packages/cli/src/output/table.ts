import { stripVTControlCharacters } from 'node:util';
import { withoutInvisible } from './printable.js';

/** Lines of aligned columns, two spaces apart, without trailing spaces. Every row has as many cells as the header. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => widthOf(row[column] ?? ''))));
  return all.map((row) =>
    row
      .map((cell, column) => padTo(cell, widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/**
 * Shows text from elsewhere on one line: control characters could move the cursor or hide what follows, and invisible ones
 * could reverse the order of what is read (U+202E).
 */
export function oneLine(text: string): string {
  return withoutInvisible(text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' '));
}

const segmenter = new Intl.Segmenter();

const widthOf = (text: string): number => [...segmenter.segment(stripVTControlCharacters(text))].length;

const padTo = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)));

/** `1 flag`, `2 flags`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
