import { z } from 'zod';
import type { GatewayConfiguration } from './configuration.js';
import { settingsOf } from './settings-schema.js';

type Database = GatewayConfiguration['database'];

const FORMS = 'write postgres://…, mysql://…, a folder, or { folder: … }';

const text = z.string(FORMS).min(1, FORMS);
const folder = settingsOf({ folder: z.string('name a folder').min(1, 'name a folder') });

/** Picks the form by its type, so that a problem names a field of the form that was meant. */
export const databaseSchema: z.ZodType<Database, Database> = z.unknown().superRefine((value, context) => {
  const form = typeof value === 'object' && value !== null ? folder : text;
  for (const { path, message } of form.safeParse(value).error?.issues ?? [])
    context.addIssue({ code: 'custom', path: [...path], message });
}) as unknown as z.ZodType<Database, Database>;
