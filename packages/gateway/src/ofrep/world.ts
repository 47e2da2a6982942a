import type { ControlView, FlagSnapshot } from '@rampart/core';
import type { Principal } from '../access/principal.js';
import { type Digests, eraOf, whoOf } from '../decisions/digests.js';
import { UNCOUNTED } from './stream-tickets.js';

/** What the answers to one user are made from, besides what the user states. */
export interface World {
  readonly snapshot: FlagSnapshot;
  readonly control: ControlView | undefined;
  readonly user: string | undefined;
  /** In ms since 1970: rules may compare it with dates. */
  readonly now: number;
}

/** Names a world; empty where it can't be shown. */
export function worldOf(digests: Digests, { snapshot, control, user, now }: World): string {
  const flags = digests.flags(snapshot);
  if (flags === undefined || control === undefined) return '';
  return digests.short(`${flags.text}${eraOf(flags, now)}.${digests.control(control, user)}`);
}

/** Whose streams are counted together. A service has as many as there are; strangers are told apart by their network. */
export function ownerOf(principal: Principal): string | undefined {
  if (principal.kind === 'service') return UNCOUNTED;
  if (principal.kind === 'browser' && principal.identity === undefined) return undefined;
  return whoOf(principal);
}
