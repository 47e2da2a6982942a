/** A character of a text that a reader doesn't see, or can't tell from another. */
export interface InvisibleCharacter {
  /** Its place in the text, in UTF-16 units from 0. */
  readonly index: number;
  /** Its code point and name, e.g. `U+200B (zero-width space)`. */
  readonly name: string;
}

// Default-ignorable characters show nothing; of the spaces only U+0020 is distinguishable. U+2800 and U+FFFC look empty.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\ufffc\ufffd]|(?! )\p{Zs}/u;

const NAMES: Readonly<Record<number, string>> = {
  9: 'tab',
  10: 'line feed',
  13: 'carriage return',
  160: 'no-break space',
  173: 'soft hyphen',
  8203: 'zero-width space',
  8204: 'zero-width non-joiner',
  8205: 'zero-width joiner',
  8206: 'left-to-right mark',
  8207: 'right-to-left mark',
  8234: 'left-to-right embedding',
  8235: 'right-to-left embedding',
  8236: 'pop directional formatting',
  8237: 'left-to-right override',
  8238: 'right-to-left override',
  8239: 'narrow no-break space',
  8232: 'line separator',
  8233: 'paragraph separator',
  8288: 'word joiner',
  8294: 'left-to-right isolate',
  8295: 'right-to-left isolate',
  8296: 'first strong isolate',
  8297: 'pop directional isolate',
  12288: 'ideographic space',
  65279: 'byte order mark',
  65533: 'replacement character: the text was decoded in the wrong encoding',
};

/** The first invisible character of a text; undefined where it has none. The space U+0020 counts as visible. */
export function invisibleCharacter(text: string): InvisibleCharacter | undefined {
  const match = INVISIBLE.exec(text);
  if (match === null) return undefined;
  const code = match[0].codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase().padStart(4, '0');
  return { index: match.index, name: `U+${hex} (${NAMES[code] ?? kindOf(match[0])})` };
}

function kindOf(character: string): string {
  if (/\p{Cc}/u.test(character)) return 'control character';
  if (/\p{Cs}/u.test(character)) return 'half of a character';
  return /\p{Zs}/u.test(character) ? 'space that is no U+0020' : 'invisible character';
}
