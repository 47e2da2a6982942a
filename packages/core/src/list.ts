/** What an entry of a list names: a fact (label, tier, region, cohort), compared without case, or an id, compared exactly. */
export type EntryKind = 'fact' | 'id';

// Characters that show nothing, such as a zero-width space, belong to no entry, whatever their class.
const UNREADABLE: Readonly<Record<EntryKind, RegExp>> = {
  fact: /\p{Default_Ignorable_Code_Point}|[^\p{L}\p{M}\p{N}_.:-]/u,
  id: /\p{Default_Ignorable_Code_Point}|[^\p{L}\p{M}\p{N}_.:@/+=~#-]/u,
};

const ALLOWED: Readonly<Record<EntryKind, string>> = {
  fact: 'letters, digits and _ - . :',
  id: 'letters, digits and _ - . : @ / + = ~ #',
};

const NAMES: ReadonlyMap<string, string> = new Map([
  [' ', 'a space'],
  ['\t', 'a tab'],
  ['\n', 'a line break'],
  ['\r', 'a carriage return'],
  ['\u00a0', 'a no-break space'],
  ['\u00ad', 'a soft hyphen'],
  ['\u200b', 'a zero-width space'],
  ['\ufeff', 'a byte order mark'],
]);

// A letter of another script in the middle of a Latin word looks like a Latin one, and makes another word of it.
const LOOKALIKE =
  /(?<=\p{Script=Latin}\p{M}*)[\p{Script=Cyrillic}\p{Script=Greek}]|[\p{Script=Cyrillic}\p{Script=Greek}](?=\p{M}*\p{Script=Latin})/u;

/** What other programs write in place of an absent list: no label is certain to be meant. */
const ABSENT: ReadonlySet<string> = new Set(['null', 'undefined', 'nan']);

/** The first character that no entry of this kind may hold, and the fix; undefined where every character may be there. */
export function characterProblem(entry: string, kind: EntryKind): string | undefined {
  const character = UNREADABLE[kind].exec(entry)?.[0];
  if (character === undefined) return kind === 'fact' ? lookalikeProblem(entry) : undefined;
  return `${shown(character)} is in it: separate entries by commas, and use ${ALLOWED[kind]} in an entry`;
}

function lookalikeProblem(entry: string): string | undefined {
  const character = LOOKALIKE.exec(entry)?.[0];
  if (character === undefined) return undefined;
  return `${shown(character)} is in it, which looks like a Latin letter and is none: write each word in one script`;
}

function shown(character: string): string {
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  const name = NAMES.get(character);
  if (name !== undefined) return `${name} (${code})`;
  return /[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u.test(character)
    ? `an invisible character (${code})`
    : `${JSON.stringify(character)} (${code})`;
}

/** The form in which facts are compared: lower case, whatever the locale, and one form of each character (NFKC). */
export function foldFact(text: string): string {
  if (isFolded(text)) return text;
  return ASCII.test(text) ? text.toLowerCase() : text.normalize('NFKC').toLowerCase().normalize('NFKC');
}

// Only other characters have several forms, and finding the one costs more than the rest of a decision.
const ASCII = /^[\0-\x7f]*$/;

/** Reads one fact; undefined for what is absent, no text, or holds a character that no fact has. */
export function readFact(value: unknown): string | undefined {
  if (typeof value !== 'string') return idText(value);
  if (isFolded(value)) return value;
  const folded = foldFact(value.trim());
  return folded === '' || UNREADABLE.fact.test(folded) || LOOKALIKE.test(folded) ? undefined : folded;
}

/**
 * Reads an id: text as it is, or a safe integer as its digits. Any other number may stand for several ids, so it is none.
 */
export function idText(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return isSafeId(value) ? String(value) : undefined;
}

/** Whether a number names one id exactly. -0 does not: its text is that of 0. */
export function isSafeId(value: unknown): value is number {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

/**
 * The entries of a list fact, in the form in which they are compared. Takes an array of texts, a JSON array, or text
 * separated by commas; empty entries are left out, and an empty list is a known fact.
 *
 * @returns undefined where the list is absent, or where any entry can't be read for certain
 */
export function entriesOf(list: unknown): readonly string[] | undefined {
  if (typeof list === 'string') return isFolded(list) && !ABSENT.has(list) ? [list] : readEntries(partsOf(list));
  if (!Array.isArray(list)) return undefined;
  for (const entry of list) {
    if (typeof entry !== 'string' || !isFolded(entry) || ABSENT.has(entry)) return readEntries(list);
  }
  return list;
}

function partsOf(text: string): unknown {
  if (!text.trimStart().startsWith('[')) return text.split(',');
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readEntries(parts: unknown): readonly string[] | undefined {
  if (!Array.isArray(parts)) return undefined;
  const entries: string[] = [];
  for (const part of parts) {
    if (typeof part !== 'string') return undefined;
    if (part.trim() === '') continue;
    const entry = readFact(part);
    if (entry === undefined || ABSENT.has(entry)) return undefined;
    entries.push(entry);
  }
  return entries;
}

// Most facts are so already, and a decision reads several.
function isFolded(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const isPlain = (code >= 0x61 && code <= 0x7a) || (code >= 0x2d && code <= 0x3a && code !== 0x2f) || code === 0x5f;
    if (!isPlain) return false;
  }
  return text.length > 0;
}
