import { ErrorCode, type JsonValue } from '@openfeature/web-sdk';
import type { IVariant } from 'unleash-proxy-client';

/** A value of the wanted type, or why it can't be had. */
type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

type Payload = NonNullable<IVariant['payload']>;

/** How one type of value is read from a payload. */
export type PayloadReader<T> = (payload: Payload) => Reading<T>;

/** Text: string, CSV and JSON payloads as they are written. */
export const readText: PayloadReader<string> = ({ type, value }) =>
  type === 'number' ? mismatch('a number', 'text') : { ok: true, value };

/** Numbers: number payloads alone. Empty or malformed ones are errors, never 0 or NaN. */
export const readNumber: PayloadReader<number> = ({ type, value }) => {
  if (type !== 'number') return mismatch(type, 'a number');
  const parsed = value.trim() === '' ? Number.NaN : Number(value);
  return Number.isFinite(parsed) ? { ok: true, value: parsed } : malformed('the payload must be a number');
};

/** Objects and lists: JSON payloads, parsed. */
export const readObject: PayloadReader<JsonValue> = ({ type, value }) => {
  if (type !== 'json') return mismatch(type, 'an object');
  try {
    const parsed = JSON.parse(value) as JsonValue;
    return typeof parsed === 'object' && parsed !== null
      ? { ok: true, value: parsed }
      : mismatch('a single value', 'an object');
  } catch {
    return malformed('the payload must be valid JSON');
  }
};

function mismatch(found: string, wanted: string): Reading<never> {
  return { ok: false, code: ErrorCode.TYPE_MISMATCH, message: `the payload is ${found}, not ${wanted}` };
}

function malformed(message: string): Reading<never> {
  return { ok: false, code: ErrorCode.PARSE_ERROR, message };
}
