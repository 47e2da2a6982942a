import type { JsonValue } from '@rampart/core';
import type { NewVariant } from '@rampart/unleash/admin';
import { misused } from '../failure.js';

const FORM =
  'write name, name=WEIGHT, name=JSON or name=WEIGHT:JSON, e.g. treatment=20:{"model":"m-2"}; a variant without WEIGHT gets an equal share of the rest';

/** Reads one `--variant name=weight:json`; weight is a percentage, and may be left out: `name=json`. */
export function readVariant(text: string): NewVariant {
  const at = text.indexOf('=');
  const name = (at === -1 ? text : text.slice(0, at)).trim();
  if (!/^[A-Za-z0-9\-_.!~*'()]+$/.test(name)) misused(`--variant ${JSON.stringify(text)}: ${FORM}`);
  if (at === -1) return { name };
  const rest = text.slice(at + 1);
  // A weight is a number, so text that starts as an object, a list or a string is the binding.
  if (/^\s*[{["]/.test(rest)) return { name, binding: readBinding(text, rest) };
  const colon = rest.indexOf(':');
  const weight = readWeight(text, colon === -1 ? rest : rest.slice(0, colon));
  const binding = colon === -1 ? undefined : readBinding(text, rest.slice(colon + 1));
  return { name, ...(weight === undefined ? {} : { weight }), ...(binding === undefined ? {} : { binding }) };
}

function readWeight(text: string, weight: string): number | undefined {
  const trimmed = weight.trim();
  if (trimmed === '') return undefined;
  return /^\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : misused(`--variant ${JSON.stringify(text)}: ${FORM}`);
}

function readBinding(text: string, json: string): JsonValue {
  try {
    return JSON.parse(json) as JsonValue;
  } catch {
    return misused(
      `--variant ${JSON.stringify(text)}: ${JSON.stringify(json)} is no JSON (text needs quotes). ${FORM}`,
    );
  }
}
