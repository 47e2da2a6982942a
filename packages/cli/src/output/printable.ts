/** Stands for a character that can't be shown. */
const REPLACEMENT = '\ufffd';

/** Format characters: they reorder text or can't be seen. The joiners of scripts and emoji (U+200C, U+200D) stay. */
const INVISIBLE = /[^\P{Cf}\u200c\u200d]|[\u2028\u2029]/gu;

/** Control characters, but the line feed and the tab. A style of ours is matched whole. */
const CONTROL = /(\p{Cc}\[(?:1|2|22|31|32|33|39)m)|[^\P{Cc}\n\t]/gu;

/** Puts a visible character in the place of each that reorders text or can't be seen. */
export function withoutInvisible(text: string): string {
  return text.replace(INVISIBLE, REPLACEMENT);
}

/**
 * Text that a terminal shows as it is written: the last guard of all that a command prints, whatever it holds.
 *
 * @param colour whether the styles that `paintFor` writes may stay
 */
export function printable(text: string, colour: boolean): string {
  return withoutInvisible(text).replace(CONTROL, (match, style: string | undefined) =>
    colour && style?.startsWith('\u001b') === true ? match : REPLACEMENT,
  );
}

/** JSON without invisible characters: they are escaped, so that a program reads the same value. */
export function printableJson(data: unknown, indent?: number): string {
  const toEscapes = (character: string): string =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join('');
  return JSON.stringify(data, undefined, indent).replace(
    /[^\P{Cf}\u200c\u200d]|[\u2028\u2029]|[^\P{Cc}\n]/gu,
    toEscapes,
  );
}
