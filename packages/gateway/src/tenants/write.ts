import type { ControlChange } from '@rampart/core';
import { type Applied, type DurableControl, isConflictError } from '@rampart/sdk';
import type { Principal } from '../access/principal.js';
import type { Gateway } from '../gateway.js';
import { recorded } from '../service/recorded.js';
import { actorOf } from './own-tenant.js';

/** What a write says of itself. */
export interface Stated {
  readonly reason?: string | undefined;
  readonly expected?: string | undefined;
  readonly actor?: string | undefined;
}

export const NO_REASON = 'none given';

/** Records a change of a tenant's, and answers with its revision. */
export async function write(
  gateway: Gateway,
  principal: Principal,
  change: ControlChange,
  { reason = NO_REASON, expected, actor: stated }: Stated,
): Promise<{ readonly revision: string }> {
  const actor = actorOf(principal, stated);
  const { revision } = await recorded(gateway, (control) => apply(control, change, { actor, reason, expected }));
  return { revision };
}

async function apply(
  control: DurableControl,
  change: ControlChange,
  { expected, ...who }: { readonly actor: string; readonly reason: string; readonly expected: string | undefined },
): Promise<Applied> {
  try {
    return await control.apply(change, { ...who, expected });
  } catch (error) {
    if (expected === undefined || !isConflictError(error)) throw error;
    // Without a revision the log takes what narrows, whatever somebody else wrote meanwhile, and refuses the rest again.
    return control.apply(change, who);
  }
}
