import type { ControlView, FlagSnapshot } from '@rampart/core';
import type { Principal } from '../access/principal.js';
import type { Digests } from '../decisions/digests.js';
import { whoOf } from '../decisions/digests.js';
import { UNCOUNTED } from './stream-tickets.js';

/** What the answers to one user are made from, besides what the user states. Empty where it can't be shown. */
export function worldOf(
  digests: Digests,
  snapshot: FlagSnapshot,
  control: ControlView | undefined,
  user: string | undefined,
): string {
  const flags = digests.flags(snapshot);
  if (flags === undefined || control === undefined) return '';
  return digests.short(`${flags.text}${digests.control(control, user)}`);
}

/** Whose streams are counted together. A service has as many as there are; strangers are told apart by their network. */
export function ownerOf(principal: Principal): string | undefined {
  if (principal.kind === 'service') return UNCOUNTED;
  if (principal.kind === 'browser' && principal.identity === undefined) return undefined;
  return whoOf(principal);
}
