import type { FastifyRequest } from 'fastify';
import type { Principal } from '../access/principal.js';
import { Refusal } from '../service/refusal.js';

/** Hook of every route about a tenant: its administrators reach it, and no other tenant, whether that exists or not. */
export function requireOwnTenant(request: FastifyRequest, _reply: unknown, done: (error?: Error) => void): void {
  const { tenant } = request.params as { readonly tenant: string };
  done(isOwnTenant(request.principal, tenant) ? undefined : new Refusal(403, 'forbidden', 'this is not your tenant'));
}

function isOwnTenant(principal: Principal, tenant: string): boolean {
  if (principal.kind === 'service') return principal.may.has('consent');
  return principal.kind === 'admin' && principal.identity.tenantId === tenant;
}

/**
 * Who a write is by: the administrator of the token, or whom a service names.
 *
 * @throws Refusal
 */
export function actorOf(principal: Principal, stated: string | undefined): string {
  if (principal.kind === 'admin') {
    const { userId } = principal.identity;
    if (stated === undefined || stated === userId) return userId;
    throw new Refusal(400, 'invalid_request', 'actor: leave it out: your token says who you are');
  }
  if (stated !== undefined) return stated;
  throw new Refusal(400, 'invalid_request', 'actor: say who decided');
}
