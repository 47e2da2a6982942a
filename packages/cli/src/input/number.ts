import { misused } from '../failure.js';

/** Reads a number in plain notation, e.g. `0.95`. */
export function readNumber(option: string, text: string): number {
  if (/^-?(?:\d+\.?\d*|\.\d+)$/.test(text.trim())) return Number(text);
  return misused(`${option} ${JSON.stringify(text)}: write a number, e.g. 0.95`);
}
