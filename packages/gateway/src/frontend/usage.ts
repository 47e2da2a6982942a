import type { FlagSnapshot, FlagSource, Usage } from '@rampart/core';
import type { Principal } from '../access/principal.js';
import { isVisible } from '../ofrep/visible.js';
import { Refusal } from '../service/refusal.js';

/** Flags that one report counts. */
const MOST_FLAGS = 1_000;
/** What one report says of one flag; more is cut. */
const MOST_TIMES = 1_000_000;

/** Adds what a page counted to the usage that Unleash shows: of flags it sees, and variants that they have. */
export function addUsage(flags: FlagSource, principal: Principal, body: unknown): void {
  const toggles = member(member(body, 'bucket'), 'toggles');
  if (!isObject(toggles)) throw new Refusal(400, 'invalid_metrics', 'bucket.toggles: send an object');
  const snapshot = flags.snapshot();
  for (const name of Object.keys(toggles).slice(0, MOST_FLAGS)) {
    if (snapshot.flag(name) === undefined || !isVisible(principal, snapshot, name)) continue;
    flags.addUsage?.(usageOf(snapshot, name, toggles[name]));
  }
}

function usageOf(snapshot: FlagSnapshot, flag: string, counted: unknown): Usage {
  const known = variantsOf(snapshot, flag);
  const variants = new Map<string, number>();
  const reported = member(counted, 'variants');
  if (isObject(reported))
    for (const variant of known) if (Object.hasOwn(reported, variant)) variants.set(variant, times(reported[variant]));
  return { flag, yes: times(member(counted, 'yes')), no: times(member(counted, 'no')), variants };
}

function variantsOf(snapshot: FlagSnapshot, name: string): readonly string[] {
  const definition = snapshot.definition?.(name);
  const all = [
    ...(definition?.variants ?? []),
    ...(definition?.strategies ?? []).flatMap((rule) => rule.variants ?? []),
  ];
  return ['disabled', ...all.map((variant) => variant.name)];
}

function times(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? Math.min(value, MOST_TIMES) : 0;
}

function member(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
