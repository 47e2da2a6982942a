import { LONGEST_ID } from '@rampart/core';
import type { ClaimNames } from '../configuration.js';
import type { Identity } from './principal.js';

type Claims = Readonly<Record<string, unknown>>;

/** Who a checked token is about, and what its subject may do. */
export interface User {
  readonly identity: Identity;
  readonly roles: readonly string[];
}

/**
 * Reads the claims of a checked token. A fact of the wrong type counts as missing, because a missing fact closes. What
 * would open something by being missing, the user and the opt-out, has to be right where it is there: otherwise undefined.
 */
export function readUser(claims: Claims, names: ClaimNames, expiresAt: number): User | undefined {
  const userId = claimOf(claims, names.userId);
  const aiOptOut = claimOf(claims, names.aiOptOut);
  if (userId !== undefined && textOf(userId) === undefined) return undefined;
  if (aiOptOut !== undefined && typeof aiOptOut !== 'boolean') return undefined;
  const text = (name: string): string | undefined => textOf(claimOf(claims, name));
  const list = (name: string): readonly string[] | undefined => listOf(claimOf(claims, name));
  const identity: Identity = {
    userId: textOf(userId),
    tenantId: text(names.tenantId),
    tier: text(names.tier),
    region: text(names.region),
    labels: list(names.labels),
    cohorts: list(names.cohorts),
    aiOptOut: aiOptOut === true,
    expiresAt,
  };
  return { identity, roles: rolesOf(claimOf(claims, names.roles)) };
}

/** The claim of exactly this name, such as `https://example.com/tenant`; else what its dots lead to. Null is absent. */
function claimOf(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name] ?? undefined;
  let value: unknown = claims;
  for (const part of name.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Claims)[part];
  }
  return value ?? undefined;
}

/** Nothing that names somebody in the control log is longer. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST_ID ? value : undefined;
}

/** A list with one wrong entry is no list: half of somebody's labels would exclude half of what they should. */
function listOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.every((entry) => textOf(entry) !== undefined) ? (value as readonly string[]) : undefined;
}

function rolesOf(value: unknown): readonly string[] {
  return listOf(typeof value === 'string' ? [value] : value) ?? [];
}
