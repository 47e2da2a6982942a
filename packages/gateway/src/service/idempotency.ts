import { createHash, randomUUID } from 'node:crypto';
import type { ControlChange } from '@rampart/core';
import type { DurableControl, Write } from '@rampart/sdk';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Principal } from '../access/principal.js';
import { Refusal } from './refusal.js';

const HEADER = 'idempotency-key';
const KEY = /^[\x20-\x7e]{1,255}$/;

/** The headers of every route that writes: draft-ietf-httpapi-idempotency-key-header. */
export const writeHeaders: z.ZodObject<{ [HEADER]: z.ZodOptional<z.ZodString> }, z.core.$loose> = z.looseObject({
  [HEADER]: z
    .string()
    .regex(KEY, 'use 1 to 255 printable ASCII characters')
    .optional()
    .describe(
      'Makes the request repeatable: a repeat with the same key and content is recorded once and gets the same answer, another ' +
        'content gets 422. Keys of different callers never meet. After 503 outcome_unknown repeat with the key of the answer.',
    ),
});

/** How one request writes. */
export interface RequestWrite {
  /** Of the entry in the control log: from the caller and the key. */
  readonly id: string;
  /** Whether the caller sent a key, so that the entry may be recorded already. */
  readonly isKeyed: boolean;
}

const keys = new WeakMap<FastifyRequest, string>();

/**
 * The id under which a request writes its entry.
 *
 * @param tenant where a service writes for a tenant, so that the keys of its tenants don't meet
 */
export function requestWrite(request: FastifyRequest, principal: Principal, tenant?: string): RequestWrite {
  const sent = request.headers[HEADER];
  if (Array.isArray(sent)) throw new Refusal(400, 'invalid_request', 'Idempotency-Key: send one');
  // The draft writes a key as a quoted string; most clients send it bare.
  const key = sent?.replace(/^"(.*)"$/, '$1') ?? randomUUID();
  keys.set(request, key);
  const digest = createHash('sha256').update(JSON.stringify([...callerOf(principal), tenant ?? null, key]));
  return { id: `request-${digest.digest('hex').slice(0, 24)}`, isKeyed: sent !== undefined };
}

/** The key of a request, sent or made here; undefined where nothing was written. */
export function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  return keys.get(request);
}

function callerOf(principal: Principal): readonly (string | null)[] {
  if (principal.kind !== 'admin') return [principal.kind, principal.name];
  return [principal.kind, principal.identity.tenantId, principal.identity.userId];
}

/**
 * The revision of a write that an earlier request with the same key recorded.
 *
 * @throws ReusedIdError where that request had another content
 */
export async function recordedBefore(
  control: DurableControl,
  { id, isKeyed }: RequestWrite,
  change: ControlChange,
  { actor, reason }: Pick<Write, 'actor' | 'reason'>,
): Promise<string | undefined> {
  if (!isKeyed) return undefined;
  const { entries } = await control.store.entries({ id });
  if (entries.length === 0) return undefined;
  return (await control.apply(change, { actor, reason, id })).revision;
}
