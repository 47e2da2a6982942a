import { misused } from '../failure.js';

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const DURATION = /^(\d+(?:\.\d+)?)\s*([smhdw])$/;

/** A time such as `90m` or `2h`, in ms. */
export function readDuration(option: string, text: string): number {
  const [, count, unit = ''] = DURATION.exec(text.trim()) ?? [];
  const length = Number(count) * (UNITS[unit] ?? Number.NaN);
  if (length > 0 && length < 8.64e15) return Math.round(length);
  return misused(`${option} ${JSON.stringify(text)}: write a number with s, m, h, d or w, e.g. 90m or 2h`);
}

/** A moment in ms since 1970: written as such (ISO 8601), or as the time that has passed since. */
export function readPast(option: string, text: string, now: number): number {
  if (DURATION.test(text.trim())) return now - readDuration(option, text);
  return readIso(option, text, 'or how long ago it was, e.g. 2h');
}

/** A moment to come. */
export function readFuture(option: string, text: string, now: number): number {
  const moment = readIso(option, text, 'or give a length with --for, e.g. --for 2h');
  if (moment > now) return moment;
  return misused(`${option} ${JSON.stringify(text)}: it is over already (it is ${new Date(now).toISOString()} now)`);
}

// What else Date.parse takes depends on the machine.
const ISO = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/;

function readIso(option: string, text: string, or: string): number {
  const moment = ISO.test(text.trim()) ? Date.parse(text.trim()) : Number.NaN;
  if (!Number.isNaN(moment)) return moment;
  return misused(`${option} ${JSON.stringify(text)}: write a moment with its zone, e.g. 2026-11-21T18:00Z, ${or}`);
}
