import { type ContextNames, DEFAULT_CONTEXT_NAMES } from '@rampart/core';
import { misused } from '../failure.js';
import { readPairs } from './pairs.js';

/** Reads `--context-name fact=name` options; facts that are not named keep their own names. */
export function readContextNames(entries: readonly string[] = []): ContextNames {
  const names = Object.fromEntries(readPairs('--context-name', entries));
  const facts = Object.keys(DEFAULT_CONTEXT_NAMES);
  for (const [fact, name] of Object.entries(names)) {
    if (!facts.includes(fact)) misused(`--context-name ${fact}: there is no such fact, use one of ${facts.join(', ')}`);
    if (name === '') misused(`--context-name ${fact}: name the attribute that holds it`);
  }
  return { ...DEFAULT_CONTEXT_NAMES, ...names };
}
