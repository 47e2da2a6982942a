import {
  type Decision,
  decide,
  type FlagSnapshot,
  type PlainFlag,
  type PlainVariant,
  readSubject,
} from '@rampart/core';
import { payloadValue } from './payload.js';

// Decisions that core does not make: on ordinary flags, missing flags, and where something failed.

const NO_FLAGS: FlagSnapshot = { flag: () => undefined, names: () => [], changesOf: () => [] };
const CLOSED: Decision = decide(NO_FLAGS, '', readSubject({}), undefined).decision;
Object.freeze(CLOSED.revisions);

/** A flag that nobody knows, or not yet. */
export function missingDecision(detail: 'not_found' | 'not_ready'): Decision {
  return { ...CLOSED, detail };
}

/** A flag whose evaluation threw. */
export function failedDecision(): Decision {
  return { ...CLOSED, gate: 'config', detail: 'failed' };
}

/** The decision on an ordinary flag: what the platform answers. */
export function plainDecision(flag: PlainFlag, variant: PlainVariant): Decision {
  if (!flag.enabled) return { ...CLOSED, detail: 'off' };
  if (!variant.featureEnabled) return { ...CLOSED, gate: 'targeting', detail: 'flag' };
  return withVariant({ ...CLOSED, outcome: 'enabled', enabled: true, gate: 'open', detail: undefined }, variant);
}

/** A decision with the variant that the platform chose. */
export function withVariant(decision: Decision, { enabled, name, payload }: PlainVariant): Decision {
  if (!enabled) return decision;
  const reading = payloadValue(payload);
  return { ...decision, variant: name, binding: reading.ok ? reading.value : undefined };
}
