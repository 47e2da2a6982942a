import { ControlInputError, type JsonValue } from '@rampart/core';

/** JSON text that is the same for equal values: keys sorted, what is undefined left out. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (isPlain(inner) ? sorted(inner) : inner));
}

/** A copy without what is undefined. */
export function asJson(value: unknown): JsonValue {
  return JSON.parse(canonical(value)) as JsonValue;
}

/**
 * Some databases can't hold a NUL, or half of a surrogate pair.
 *
 * @throws ControlInputError
 */
export function requireStorable(field: string, value: unknown): void {
  const text = canonical(value);
  // JSON escapes exactly these; a backslash of the text itself is doubled.
  if (/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/i.test(text)) {
    throw new ControlInputError(field, value, 'take away NUL characters and broken surrogate pairs');
  }
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sorted(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** Text from outside that is kept for people, made storable: broken characters replaced, cut at `most`. */
export function storableText(text: string, maxLength: number): string {
  return text
    .slice(0, maxLength)
    .replace(/\p{Cs}/gu, '\ufffd')
    .replaceAll('\0', ' ');
}
