import { z } from 'zod';

/** One flag in one environment, in a stored order and in a gateway's answer. */
export const placeSchema: z.ZodObject<{
  flag: z.ZodString;
  project: z.ZodString;
  environment: z.ZodString;
  event: z.ZodOptional<z.ZodNumber>;
}> = z.object({ flag: z.string(), project: z.string(), environment: z.string(), event: z.number().optional() });

type Part = z.ZodOptional<z.ZodString>;

/** The scope of a kill, in a stored order and in a gateway's answer. */
export const scopeSchema: z.ZodObject<{
  all: z.ZodOptional<z.ZodBoolean>;
  feature: Part;
  change: Part;
  tenant: Part;
  tier: Part;
  region: Part;
  label: Part;
}> = z.object({
  all: z.boolean().optional(),
  feature: z.string().optional(),
  change: z.string().optional(),
  tenant: z.string().optional(),
  tier: z.string().optional(),
  region: z.string().optional(),
  label: z.string().optional(),
});
