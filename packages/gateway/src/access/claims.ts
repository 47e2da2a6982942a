import { invisibleCharacter, MAX_ID_LENGTH } from '@rampart/core';
import type { ClaimNames } from '../configuration.js';
import type { Identity } from './principal.js';

type Claims = Readonly<Record<string, unknown>>;

/** Who a checked token is about, and what its subject may do. */
export interface User {
  readonly identity: Identity;
  readonly roles: readonly string[];
}

/** A token's user, or the fact whose claim is there and can't be read. */
export type Reading = { readonly user: User } | { readonly malformed: keyof ClaimNames };

const TEXTS = ['userId', 'tenantId', 'tier', 'region'] as const;
const LISTS = ['labels', 'cohorts'] as const;

/**
 * Reads the claims of a checked token. A fact of the wrong type doesn't count as missing: the directory would fill in what is
 * missing, and labels that can't be read could be those that exclude.
 */
export function readUser(claims: Claims, names: ClaimNames, expiresAt: number): Reading {
  const said = (fact: keyof ClaimNames): unknown => claimOf(claims, names[fact]);
  const aiOptOut = said('aiOptOut');
  const malformed =
    TEXTS.find((fact) => said(fact) !== undefined && textOf(said(fact)) === undefined) ??
    LISTS.find((fact) => said(fact) !== undefined && listOf(said(fact)) === undefined) ??
    (aiOptOut === undefined || typeof aiOptOut === 'boolean' ? undefined : 'aiOptOut');
  if (malformed !== undefined) return { malformed };
  const identity: Identity = {
    userId: textOf(said('userId')),
    tenantId: textOf(said('tenantId')),
    tier: textOf(said('tier')),
    region: textOf(said('region')),
    labels: listOf(said('labels')),
    cohorts: listOf(said('cohorts')),
    aiOptOut: aiOptOut === true,
    expiresAt,
  };
  return { user: { identity, roles: rolesOf(said('roles')) } };
}

/** What stands where an object should: nothing can be read from it, and it isn't absent either. */
const NO_OBJECT = Symbol('no object');

/** The claim of exactly this name, such as `https://example.com/tenant`; else what its dots lead to. Null is absent. */
function claimOf(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name] ?? undefined;
  let value: unknown = claims;
  for (const part of name.split('.')) {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'object' || (Array.isArray(value) && !/^\d+$/.test(part))) return NO_OBJECT;
    if (!Object.hasOwn(value, part)) return undefined;
    value = (value as Claims)[part];
  }
  return value ?? undefined;
}

/** Nothing that names somebody in the control log is longer, or has characters that nobody sees. */
function textOf(value: unknown): string | undefined {
  const isText = typeof value === 'string' && value !== '' && value.length <= MAX_ID_LENGTH;
  return isText && invisibleCharacter(value) === undefined ? value : undefined;
}

/** A list with one wrong entry is no list: half of somebody's labels would exclude half of what they should. */
function listOf(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.every((entry) => textOf(entry) !== undefined) ? (value as readonly string[]) : undefined;
}

function rolesOf(value: unknown): readonly string[] {
  return listOf(typeof value === 'string' ? [value] : value) ?? [];
}
