import { Refusal } from '../service/refusal.js';

/** What one context may be. */
export interface Bounds {
  /** Attributes, nested ones included. */
  readonly attributes: number;
  /** How deep an attribute may be nested: 1 allows none. */
  readonly attributeDepth: number;
  /** Characters of all names and values together. */
  readonly contextBytes: number;
}

/** Throws a {@link Refusal} for what is no object, or more than a context may be. Looks no further than the bounds. */
export function checkBounds(stated: unknown, bounds: Bounds): asserts stated is Record<string, unknown> {
  if (typeof stated !== 'object' || stated === null || Array.isArray(stated))
    throw new Refusal(400, 'INVALID_CONTEXT', 'context: send an object');
  measure(stated, bounds, { attributes: 0, size: 0 }, 1);
}

interface Measured {
  attributes: number;
  size: number;
}

function measure(value: object, bounds: Bounds, measured: Measured, depth: number): void {
  if (depth > bounds.attributeDepth)
    throw new Refusal(400, 'INVALID_CONTEXT', `context: nest attributes at most ${bounds.attributeDepth} deep`);
  const list = Array.isArray(value);
  for (const name of Object.keys(value)) {
    if (!list) measured.attributes += 1;
    const inner = (value as Record<string, unknown>)[name];
    measured.size += (list ? 1 : name.length) + (typeof inner === 'string' ? inner.length : 4);
    if (measured.attributes > bounds.attributes)
      throw new Refusal(400, 'INVALID_CONTEXT', `context: send at most ${bounds.attributes} attributes`);
    if (measured.size > bounds.contextBytes)
      throw new Refusal(400, 'INVALID_CONTEXT', `context: send at most ${bounds.contextBytes} characters`);
    if (typeof inner === 'object' && inner !== null) measure(inner, bounds, measured, depth + 1);
  }
}
