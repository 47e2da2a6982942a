import { MODES, type Scope, STAGES } from '@rampart/core';
import { z } from 'zod';

/** A tenant, user or flag; core says what else it has to be. */
export const idSchema: z.ZodString = z.string().min(1).max(255);
export const reasonSchema: z.ZodString = z
  .string()
  .min(1)
  .max(2_000)
  .regex(/\S/, 'say more than nothing')
  .regex(/^[^\0\p{Cs}]*$/u, 'take away NUL characters and broken surrogate pairs')
  .describe('For the audit trail.');
export const expectedSchema: z.ZodOptional<z.ZodString> = z
  .string()
  .max(64)
  .optional()
  .describe('The revision that was read, or any to overwrite whatever is there.');
export const momentSchema: z.ZodInt = z.int().min(0).max(8.64e15).describe('In ms since 1970.');
/** All parts that are given have to match. */
export const scopeSchema: z.ZodType<Scope, Scope> = z
  .strictObject({
    all: z.boolean(),
    feature: idSchema,
    change: idSchema,
    tenant: idSchema,
    tier: idSchema,
    region: idSchema,
    label: idSchema,
  })
  .partial()
  .describe('Whom it covers: all parts that are given have to match; { "all": true } says everything.')
  .meta({ examples: [{ feature: 'ai.support-copilot' }] });
export const modeSchema: z.ZodType<string> = z.enum(MODES);
export const stageSchema: z.ZodType<string> = z.enum(STAGES);
export const revisionSchema: z.ZodString = z
  .string()
  .describe('Names the change: a context that carries it as consentRevision is answered from no older state.');
export const writtenAnswer: z.ZodObject<{ revision: z.ZodString }> = z.object({ revision: revisionSchema });
