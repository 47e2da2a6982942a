import { ErrorCode } from '@openfeature/server-sdk';
import { type JsonValue, type PayloadReading, type PlainVariant, readPayload } from '@rampart/core';
import { LRUCache } from 'lru-cache';

/** A variant's payload from the flag platform: a type and text. */
export type Payload = PlainVariant['payload'];

/** A value of the requested type, `undefined` for the caller's default, or an error. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T | undefined }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

/** Reads values of one type from an ordinary flag's payload and from the binding of an AI flag. */
export interface ValueReader<T> {
  /** Whether a feature or a change evaluates to its decision. */
  readonly returnsDecision: boolean;
  payload(payload: Payload): Reading<T>;
  binding(binding: JsonValue | undefined): Reading<T>;
}

const NO_VALUE: Reading<never> = { ok: true, value: undefined };
const parsedPayloads = new LRUCache<string, PayloadReading>({ max: 1_000 });
const jsonTexts = new WeakMap<object, string>();

/** Reads a payload; parses each JSON text once and freezes the result deeply. */
export function payloadValue(payload: Payload): PayloadReading {
  if (payload === undefined || payload.type !== 'json') return readPayload(payload);
  let reading = parsedPayloads.get(payload.value);
  if (reading === undefined) {
    reading = readPayload(payload);
    parsedPayloads.set(payload.value, reading);
  }
  return reading;
}

/** Text: string, CSV and JSON payloads verbatim; a JSON binding as JSON text. */
export const TEXT: ValueReader<string> = {
  returnsDecision: false,
  payload(payload) {
    if (payload === undefined) return NO_VALUE;
    return payload.type === 'number' ? mismatch('a number', 'text') : { ok: true, value: payload.value };
  },
  binding(binding) {
    if (binding === undefined) return NO_VALUE;
    if (typeof binding === 'object' && binding !== null) return { ok: true, value: jsonText(binding) };
    return typeof binding === 'string' ? { ok: true, value: binding } : mismatch(typeof binding, 'text');
  },
};

/** Numbers: number payloads only. Empty or malformed ones are errors, never 0 or NaN. */
export const NUMBER: ValueReader<number> = {
  returnsDecision: false,
  payload(payload) {
    if (payload === undefined) return NO_VALUE;
    if (payload.type !== 'number') return mismatch(payload.type, 'a number');
    const reading = readPayload(payload);
    return reading.ok ? NUMBER.binding(reading.value) : malformed(reading.fix);
  },
  binding(binding) {
    if (binding === undefined) return NO_VALUE;
    return typeof binding === 'number' ? { ok: true, value: binding } : mismatch(typeof binding, 'a number');
  },
};

/** Objects and lists: JSON payloads. */
export const OBJECT: ValueReader<object> = {
  returnsDecision: true,
  payload(payload) {
    if (payload === undefined) return NO_VALUE;
    if (payload.type !== 'json') return mismatch(payload.type, 'an object');
    const reading = payloadValue(payload);
    return reading.ok ? OBJECT.binding(reading.value) : malformed(reading.fix);
  },
  binding(binding) {
    if (binding === undefined) return NO_VALUE;
    return typeof binding === 'object' && binding !== null
      ? { ok: true, value: binding }
      : mismatch('a single value', 'an object');
  },
};

function jsonText(binding: object): string {
  let text = jsonTexts.get(binding);
  if (text === undefined) {
    text = JSON.stringify(binding);
    jsonTexts.set(binding, text);
  }
  return text;
}

function mismatch(actual: string, expected: string): Reading<never> {
  return { ok: false, code: ErrorCode.TYPE_MISMATCH, message: `the payload is ${actual}, not ${expected}` };
}

function malformed(fix: string): Reading<never> {
  return { ok: false, code: ErrorCode.PARSE_ERROR, message: fix };
}
