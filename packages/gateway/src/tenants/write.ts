import type { ControlChange } from '@rampart/core';
import { type DurableControl, isConflictError, type RecordedEntry, type Write } from '@rampart/sdk';
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../access/principal.js';
import type { Gateway } from '../gateway.js';
import { requestWrite } from '../service/idempotency.js';
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
  request: FastifyRequest & { readonly principal: Principal },
  change: ControlChange & { readonly tenant: string },
  { reason = NO_REASON, expected, actor: stated }: Stated,
): Promise<{ readonly revision: string }> {
  const { principal } = request;
  const actor = actorOf(principal, stated);
  const { id } = requestWrite(request, principal, change.tenant);
  const { revision } = await recorded(gateway, (control) => apply(control, change, { actor, reason, id, expected }));
  return { revision };
}

async function apply(
  control: DurableControl,
  change: ControlChange,
  { expected, ...unconditional }: Write,
): Promise<RecordedEntry> {
  try {
    return await control.apply(change, { ...unconditional, expected });
  } catch (error) {
    if (expected === undefined || !isConflictError(error)) throw error;
    // Without a revision the log accepts a change that narrows despite a later write, and refuses any other again.
    return control.apply(change, unconditional);
  }
}
