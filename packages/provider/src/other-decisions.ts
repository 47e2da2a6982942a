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

/** What there is before the first flags. */
export const NO_FLAGS: FlagSnapshot = { flag: () => undefined, names: () => [], changesOf: () => [] };
const CLOSED: Decision = decide(NO_FLAGS, '', readSubject({}), undefined).decision;
Object.freeze(CLOSED.revisions);

/**
 * Why a flag is missing. `not_ready`: there are no flags yet. `refused`: the flag platform refused the key before there were any.
 * `not_found`: there is no flag of that name.
 */
export type MissingDetail = 'not_found' | 'not_ready' | 'refused';

/** The decision on a flag that is missing: closed. */
export function missingDecision(detail: MissingDetail): Decision {
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
