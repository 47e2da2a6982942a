import type { FlagSnapshot } from '@rampart/core';
import type { Principal } from '../access/principal.js';

/** Whether a caller sees a flag at all: a key may cover some flags only, a page's token some projects. */
export function isVisible(principal: Principal, snapshot: FlagSnapshot, name: string): boolean {
  if (principal.kind === 'service') return principal.mayAsk(name);
  if (principal.kind !== 'browser' || principal.projects === undefined) return true;
  const project = snapshot.definition?.(name)?.['project'];
  return principal.projects.has(typeof project === 'string' ? project : 'default');
}
