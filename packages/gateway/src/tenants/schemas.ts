import { type Bands, MODES, type Mode } from '@rampart/core';
import { z } from 'zod';

const fraction = z.number().min(0).max(1);

/** A tenant or a user; core says what else it has to be. */
export const nameSchema: z.ZodString = z.string().min(1).max(255);
export const classSchema: z.ZodString = z
  .string()
  .regex(/^[a-z0-9_.-]{1,64}$/, 'use lower-case letters, digits, _ - and . only, 64 at most')
  .describe('A consent class.')
  .meta({ examples: ['support_copilot'] });
export const tenantParams: z.ZodObject<{ tenant: z.ZodString }, z.core.$strict> = z.strictObject({
  tenant: nameSchema.describe("The tenant's id."),
});
export const modeSchema: z.ZodType<Mode, Mode> = z
  .enum(MODES)
  .describe('Most automation the tenant wants. Absent: no wish.');
export const bandsSchema: z.ZodType<Partial<Bands>, Partial<Bands>> = z
  .strictObject({ autoAbove: fraction, confirmFrom: fraction, reviewFrom: fraction })
  .partial()
  .describe(
    'Least confidence for each route, 0 to 1; the stricter of these and the change counts.',
  ) as unknown as z.ZodType<Partial<Bands>, Partial<Bands>>;

type Optional<S extends z.ZodType> = z.ZodOptional<S>;
/** What every write may say of itself. */
export const writeFields: Readonly<Record<'reason' | 'expected' | 'actor', Optional<z.ZodString>>> = {
  reason: z.string().max(2_000).optional().describe('For the audit trail.'),
  expected: z
    .string()
    .max(64)
    .optional()
    .describe(
      'The revision that was read. Where somebody changed it since, the answer is 409 with both sides; what only ' +
        'narrows what AI may do never waits for that.',
    ),
  actor: nameSchema.optional().describe('Who decided: services say it, for everybody else the token does.'),
};

export const revisionSchema: z.ZodString = z
  .string()
  .describe('Names the change: a context that carries it as consentRevision is answered from no older state.');
/** What is known of a record besides its value. */
export const recordFields: {
  readonly revision: Optional<z.ZodString>;
  readonly actor: Optional<z.ZodString>;
  readonly reason: Optional<z.ZodString>;
  readonly at: Optional<z.ZodNumber>;
} = {
  revision: revisionSchema.optional(),
  actor: z.string().optional().describe('Absent where it was erased.'),
  reason: z.string().optional(),
  at: z.number().optional().describe('In ms since 1970, by the clock of the database.'),
};
export const written: z.ZodObject<{ revision: z.ZodString }> = z.object({ revision: revisionSchema });
