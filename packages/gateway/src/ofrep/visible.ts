import { aiNameKind, type FlagSnapshot } from '@rampart/core';
import type { AiAnswer } from '@rampart/sdk';
import type { Principal } from '../access/principal.js';
import type { GatewayConfiguration } from '../configuration.js';

/** Whether a caller sees a flag at all: a key may cover some flags only, a page's token some projects. */
export function isVisible(principal: Principal, snapshot: FlagSnapshot, name: string): boolean {
  if (principal.kind === 'service') return principal.mayAsk(name);
  if (principal.kind !== 'browser' || principal.projects === undefined) return true;
  const project = snapshot.definition?.(name)?.['project'];
  return principal.projects.has(typeof project === 'string' ? project : 'default');
}

/** Whether a flag is known to be AI, by its definition or by its name. */
export function isKnownAi(
  { prefix, gates }: Pick<GatewayConfiguration, 'prefix' | 'gates'>,
  snapshot: FlagSnapshot,
  name: string,
): boolean {
  const flag = snapshot.flag(name);
  if (flag !== undefined && flag.kind !== 'plain') return true;
  return aiNameKind(name, { prefix, gates: new Map(Object.entries(gates ?? {})) }) !== undefined;
}

/**
 * Whether a closed AI flag is nothing that a page should know of: a change that it doesn't have, or a flag that isn't set up, as
 * one is whose name says AI before it has its strategy, or that doesn't exist.
 */
export function isHidden({ name, flagKind, decision }: AiAnswer, snapshot: FlagSnapshot): boolean {
  if (decision.enabled || flagKind === 'feature') return false;
  if (flagKind === 'change') return true;
  const flag = snapshot.flag(name);
  return flag?.kind !== 'gated' || flag.problems.length > 0;
}
