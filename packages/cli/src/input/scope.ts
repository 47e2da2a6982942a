import type { Scope } from '@rampart/core';
import { misused } from '../failure.js';

/** What a kill, cap or floor can be narrowed to. */
export interface ScopeFlags {
  readonly feature?: string;
  readonly change?: string;
  readonly tenant?: string;
  readonly tier?: string;
  readonly region?: string;
  readonly label?: string;
  readonly all?: boolean;
}

const PARTS = ['feature', 'change', 'tenant', 'tier', 'region', 'label'] as const;

/**
 * Reads a scope; everything that is given must match. A scope of everything has to be said.
 *
 * @param verb what the command does to the scope, for errors
 */
export function readScope(flags: ScopeFlags, verb = 'kill'): Scope {
  const given = PARTS.flatMap((part) => (flags[part] === undefined ? [] : [[part, flags[part]] as const]));
  if (flags.all === true && given.length > 0)
    misused(`--all: it covers everything, so it says nothing beside --${given[0]?.[0]}: leave one of them out`);
  if (flags.all === true) return { all: true };
  if (given.length > 0) return Object.fromEntries(given);
  return misused(`nothing to ${verb}: pass ${PARTS.map((part) => `--${part}`).join(', ')} or, for everything, --all`);
}

/** A scope as the options that say it. */
export function shownScope(scope: Scope): string {
  if (scope.all === true) return 'everything';
  return PARTS.flatMap((part) => (scope[part] === undefined ? [] : [`${part} ${scope[part]}`])).join(' and ');
}
