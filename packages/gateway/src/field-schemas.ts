import { z } from 'zod';

/** A name in logs, claims, flags or lists. */
export const name: z.ZodString = z.string().min(1, 'must not be empty').max(200);
export const names: z.ZodArray<z.ZodString> = z.array(name);
export const url: z.ZodURL = z.url({
  protocol: /^https?$/,
  error: 'use an http or https address, e.g. https://unleash.example.com',
});
/** A whole number. */
export const whole = (least: number, most: number = 2 ** 31 - 1): z.ZodInt => z.int().min(least).max(most);
