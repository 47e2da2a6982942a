import { ErrorCode } from '@openfeature/server-sdk';
import { type JsonValue, type PayloadReading, type PlainVariant, readPayload } from '@rampart/core';
import { LRUCache } from 'lru-cache';

/** A variant's payload as the flag platform gives it: a type, and text. */
export type Payload = PlainVariant['payload'];

/** A value of the wanted type; `undefined`: there is none, the caller's default stands; or why it can't be had. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T | undefined }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** How one type of value is read: from an ordinary flag's payload, and from the binding of an AI flag. */
export interface ValueReader<T> {
  /** Whether a feature or a change answers with its decision. */
  readonly decisions: boolean;
  payload(payload: Payload): Reading<T>;
  binding(binding: JsonValue | undefined): Reading<T>;
}

const NOTHING: Reading<never> = { ok: true, value: undefined };
const parsed = new LRUCache<string, PayloadReading>({ max: 1_000 });
const texts = new WeakMap<object, string>();

/** Reads JSON payloads once per text, frozen through and through; anything else as core reads it. */
export function payloadValue(payload: Payload): PayloadReading {
  if (payload === undefined || payload.type !== 'json') return readPayload(payload);
  let reading = parsed.get(payload.value);
  if (reading === undefined) {
    reading = readPayload(payload);
    parsed.set(payload.value, reading);
  }
  return reading;
}

/** Text: string, CSV and JSON payloads as they are written; a JSON binding as JSON text. */
export const TEXT: ValueReader<string> = {
  decisions: false,
  payload(payload) {
    if (payload === undefined) return NOTHING;
    return payload.type === 'number' ? mismatch('a number', 'text') : { ok: true, value: payload.value };
  },
  binding(binding) {
    if (binding === undefined) return NOTHING;
    if (typeof binding === 'object' && binding !== null) return { ok: true, value: jsonText(binding) };
    return typeof binding === 'string' ? { ok: true, value: binding } : mismatch(typeof binding, 'text');
  },
};

/** Numbers: number payloads alone. Empty or malformed ones are errors, never 0 or NaN. */
export const NUMBER: ValueReader<number> = {
  decisions: false,
  payload(payload) {
    if (payload === undefined) return NOTHING;
    if (payload.type !== 'number') return mismatch(payload.type, 'a number');
    const reading = readPayload(payload);
    return reading.ok ? NUMBER.binding(reading.value) : malformed(reading.fix);
  },
  binding(binding) {
    if (binding === undefined) return NOTHING;
    return typeof binding === 'number' ? { ok: true, value: binding } : mismatch(typeof binding, 'a number');
  },
};

/** Objects and lists: JSON payloads. */
export const OBJECT: ValueReader<object> = {
  decisions: true,
  payload(payload) {
    if (payload === undefined) return NOTHING;
    if (payload.type !== 'json') return mismatch(payload.type, 'an object');
    const reading = payloadValue(payload);
    return reading.ok ? OBJECT.binding(reading.value) : malformed(reading.fix);
  },
  binding(binding) {
    if (binding === undefined) return NOTHING;
    return typeof binding === 'object' && binding !== null
      ? { ok: true, value: binding }
      : mismatch('a single value', 'an object');
  },
};

function jsonText(binding: object): string {
  let text = texts.get(binding);
  if (text === undefined) {
    text = JSON.stringify(binding);
    texts.set(binding, text);
  }
  return text;
}

function mismatch(found: string, wanted: string): Reading<never> {
  return { ok: false, code: ErrorCode.TYPE_MISMATCH, message: `the payload is ${found}, not ${wanted}` };
}

function malformed(fix: string): Reading<never> {
  return { ok: false, code: ErrorCode.PARSE_ERROR, message: fix };
}
