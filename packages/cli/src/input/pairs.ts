import { misused } from '../failure.js';

/** The entries of a comma-separated list, empty ones left out. */
export function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** Reads `name=value` options; a name given twice is an error, an empty value is allowed. */
export function readPairs(option: string, entries: readonly string[]): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const entry of entries) {
    const at = entry.indexOf('=');
    if (at < 1) misused(`${option} ${JSON.stringify(entry)}: write name=value`);
    const name = entry.slice(0, at).trim();
    if (pairs.has(name)) misused(`${option}: ${JSON.stringify(name)} is given twice, keep one`);
    pairs.set(name, entry.slice(at + 1));
  }
  return pairs;
}

/** Collects an option that may be repeated. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}
