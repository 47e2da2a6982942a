import type { Override, Scope } from '@rampart/core';
import {
  type ExposurePage,
  type FlagOff,
  type LiveKill,
  type OrderReport,
  type PendingOrder,
  placeSchema,
  scopeSchema,
} from '@rampart/sdk/operator';
import { z } from 'zod';

/** A report of an order that may not know yet what it is about. */
interface ReportAnswer extends Omit<OrderReport, 'id' | 'scope'> {
  readonly id?: string | undefined;
  readonly scope?: Scope | undefined;
  /** Whether the gateway still tries. */
  readonly running: boolean;
}

/** The answer of `GET /v1/operator/kills`. */
export interface KillsAnswer {
  readonly kills: readonly LiveKill[];
  readonly orders: readonly PendingOrder[];
  readonly flagsOff: readonly FlagOff[];
  readonly flagsOffError?: string | undefined;
}

/** An override as a gateway lists it. */
interface OverrideAnswer extends Override {
  readonly tenant: string;
  /** Whether it no longer acts, by the clock of the database. */
  readonly ended: boolean;
  readonly actor?: string | undefined;
  readonly at: number;
  readonly revision: string;
}

/** The answer of `GET /v1/operator/overrides`. */
interface OverridesAnswer {
  readonly overrides: readonly OverrideAnswer[];
  /** Of the control log before the list was read. */
  readonly revision: string;
}

/** The answer of a write. */
interface WrittenAnswer {
  readonly revision: string;
  /** The id of the entry in the control log. */
  readonly entry: string;
}

const half = z.object({
  state: z.enum(['held', 'pending', 'failed', 'not_needed']),
  since: z.number(),
  attempts: z.number(),
  error: z.string().optional(),
  notes: z.array(z.string()),
});

export const reportAnswer: z.ZodType<ReportAnswer> = z.object({
  action: z.enum(['kill', 'revive']),
  id: z.string().optional(),
  scope: scopeSchema.optional(),
  control: half.extend({ revision: z.string().optional() }),
  unleash: half.extend({ switched: z.array(placeSchema) }),
  settled: z.boolean(),
  settleError: z.string().optional(),
  running: z.boolean(),
});

export const killsAnswer: z.ZodType<KillsAnswer> = z.object({
  kills: z.array(
    z.object({
      id: z.string(),
      scope: scopeSchema,
      reason: z.string(),
      revision: z.string(),
      actor: z
        .string()
        .optional()
        .transform((actor): string | undefined => actor),
      at: z.number(),
    }),
  ),
  orders: z.array(
    z.object({
      action: z.enum(['kill', 'revive']),
      id: z.string(),
      scope: scopeSchema,
      at: z.number(),
      recorded: z.boolean(),
      noted: z.enum(['journal', 'database']),
      error: z.string().optional(),
    }),
  ),
  flagsOff: z.array(
    placeSchema.extend({
      kill: z.string(),
      reason: z.enum(['killed', 'waiting', 'pending', 'left_off', 'operator', 'no_active_rule', 'unknown']),
      why: z.string(),
    }),
  ),
  flagsOffError: z.string().optional(),
});

export const overridesAnswer: z.ZodType<OverridesAnswer> = z.object({
  overrides: z.array(
    z.object({
      id: z.string(),
      tenant: z.string(),
      flag: z.string(),
      force: z.enum(['on', 'off']),
      reason: z.string(),
      until: z.number(),
      ended: z.boolean(),
      actor: z.string().optional(),
      at: z.number(),
      revision: z.string(),
    }),
  ),
  revision: z.string(),
});

export const writtenAnswer: z.ZodType<WrittenAnswer> = z.object({ revision: z.string(), entry: z.string() });

export const exposuresAnswer: z.ZodType<ExposurePage> = z.object({
  subjects: z.array(
    z.object({
      tenant: z.string().optional(),
      user: z.string().optional(),
      variant: z.string().optional(),
      first: z.number(),
      last: z.number(),
      count: z.number(),
    }),
  ),
  next: z.string().optional(),
});
