import {
  type Decision,
  decide,
  type FlagSnapshot,
  type PlainFlag,
  type PlainVariant,
  readSubject,
} from '@rampart/core';
import { payloadValue } from './payload.js';

// Decisions that core does not make: on ordinary flags, on missing flags, and after a failure.

/** The snapshot before the first flags arrive. */
export const NO_FLAGS: FlagSnapshot = { flag: () => undefined, names: () => [], changesOf: () => [] };
const CLOSED: Decision = decide(NO_FLAGS, '', readSubject({}), undefined).decision;
Object.freeze(CLOSED.revisions);

/**
 * Why a flag is missing. `not_ready`: no flags have arrived yet. `refused`: the flag platform refused the key before any arrived.
 * `not_found`: no flag has that name.
 */
export type MissingDetail = 'not_found' | 'not_ready' | 'refused';

/** The decision on a missing flag: closed. */
export function missingDecision(detail: MissingDetail): Decision {
  return { ...CLOSED, detail };
}

/** The decision on a flag whose evaluation threw: closed. */
export function failedDecision(): Decision {
  return { ...CLOSED, gate: 'config', detail: 'failed' };
}

/** The platform's evaluation of an ordinary flag, as a decision. */
export function plainDecision(flag: PlainFlag, variant: PlainVariant): Decision {
  if (!flag.enabled) return { ...CLOSED, detail: 'off' };
  if (!variant.featureEnabled) return { ...CLOSED, gate: 'targeting', detail: 'flag' };
  return withVariant({ ...CLOSED, outcome: 'enabled', enabled: true, gate: 'open', detail: undefined }, variant);
}

/** Adds the variant that the platform chose. */
export function withVariant(decision: Decision, { enabled, name, payload }: PlainVariant): Decision {
  if (!enabled) return decision;
  const reading = payloadValue(payload);
  return { ...decision, variant: name, binding: reading.ok ? reading.value : undefined };
}
