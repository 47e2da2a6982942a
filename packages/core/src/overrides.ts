import type { ControlView, Override, TenantControl } from './control.js';

/** What is known of the time of the clock that records overrides, in ms since 1970: it is neither before nor after these. */
export interface ClockRange {
  readonly earliest: number;
  readonly latest: number;
}

/** Up to this length a list is read through. */
const MAX_SCANNED = 8;

/**
 * The same tenant without the overrides that have ended; the same object where none has. What force-on grants ends as soon
 * as its end may have come, what force-off bans ends once its end has certainly come.
 *
 * @param now a range, or the exact time in ms since 1970
 */
export function withoutEnded(tenant: TenantControl, now: ClockRange | number): TenantControl {
  const { overrides } = tenant;
  if (overrides === undefined || overrides.length === 0) return tenant;
  const range = typeof now === 'number' ? { earliest: now, latest: now } : now;
  const running = overrides.length <= MAX_SCANNED ? scanned(overrides, range) : endsOf(overrides).running(range);
  return running === overrides ? tenant : { ...tenant, overrides: running };
}

// A time that is no number is unknown: nothing is granted, and nothing that was banned is allowed.
function isRunning({ force, until }: Override, { earliest, latest }: ClockRange): boolean {
  return force === 'on' ? latest < until : !(earliest >= until);
}

const UNKNOWN_TIME: ClockRange = { earliest: Number.NaN, latest: Number.NaN };

/**
 * Whether an override no longer acts: a force-off once its end has certainly come, a force-on as soon as it may have come.
 *
 * @param now what the clock of the database says; undefined: unknown, so that every force-off still acts and no force-on does
 */
export function hasEnded(override: Override, now: ClockRange | undefined): boolean {
  return !isRunning(override, now ?? UNKNOWN_TIME);
}

function scanned(overrides: readonly Override[], range: ClockRange): readonly Override[] {
  const isShorter = overrides.some((override) => !isRunning(override, range));
  return isShorter ? overrides.filter((override) => isRunning(override, range)) : overrides;
}

/** A long list of overrides, which is read through again only when another one has ended. */
class Ends {
  readonly #overrides: readonly Override[];
  /** Ascending. */
  readonly #ends: Readonly<Record<Override['force'], readonly number[]>>;
  #last: { readonly name: string; readonly running: readonly Override[] } | undefined;

  constructor(overrides: readonly Override[]) {
    this.#overrides = overrides;
    const ends = (force: Override['force']) =>
      overrides
        .filter((override) => override.force === force)
        .map(({ until }) => until)
        .sort((one, other) => one - other);
    this.#ends = { on: ends('on'), off: ends('off') };
  }

  running(range: ClockRange): readonly Override[] {
    if (Number.isNaN(range.latest - range.earliest)) return scanned(this.#overrides, range);
    // How many have ended tells which.
    const name = `${countUpTo(this.#ends.on, range.latest)} ${countUpTo(this.#ends.off, range.earliest)}`;
    if (this.#last?.name !== name) this.#last = { name, running: scanned(this.#overrides, range) };
    return this.#last.running;
  }
}

const ENDS = new WeakMap<readonly Override[], Ends>();

function endsOf(overrides: readonly Override[]): Ends {
  let ends = ENDS.get(overrides);
  if (ends === undefined) {
    ends = new Ends(overrides);
    ENDS.set(overrides, ends);
  }
  return ends;
}

/** How many of ascending numbers are at most this. */
function countUpTo(ascending: readonly number[], limit: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

const FORCED = new WeakMap<readonly Override[], Readonly<Record<Override['force'], ReadonlySet<string>>>>();

/** Whether an operator's override forces a flag on, or off, for the tenant. */
export function isForced(
  control: ControlView | undefined,
  force: Override['force'],
  flag: string | undefined,
): boolean {
  const overrides = control?.tenant.overrides;
  if (overrides === undefined || flag === undefined) return false;
  if (overrides.length <= MAX_SCANNED)
    return overrides.some((override) => override.force === force && override.flag === flag);
  let forced = FORCED.get(overrides);
  if (forced === undefined) {
    const flags = (of: Override['force']) =>
      new Set(overrides.filter((each) => each.force === of).map((each) => each.flag));
    forced = { on: flags('on'), off: flags('off') };
    FORCED.set(overrides, forced);
  }
  return forced[force].has(flag);
}
