import { ControlInputError, type JsonValue } from '@rampart/core';

/** Canonical JSON: equal values give the same text. Sorts keys and drops undefined values. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (isPlain(inner) ? sorted(inner) : inner));
}

/** A copy without undefined values. */
export function asJson(value: unknown): JsonValue {
  return JSON.parse(canonical(value)) as JsonValue;
}

/**
 * Rejects text that some databases can't store: NUL characters and lone surrogates.
 *
 * @throws ControlInputError
 */
export function requireStorable(field: string, value: unknown): void {
  const text = canonical(value);
  // JSON escapes exactly these characters, and doubles a backslash of the text.
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

/** Makes external text storable: replaces invalid characters and truncates it at `maxLength`. */
export function storableText(text: string, maxLength: number): string {
  return text
    .slice(0, maxLength)
    .replace(/\p{Cs}/gu, '\ufffd')
    .replaceAll('\0', ' ');
}
