import type { EntryKind } from '@rampart/sdk/operator';
import { z } from 'zod';
import type { App, Gateway } from '../gateway.js';
import { recorded } from '../service/recorded.js';
import { idSchema, revisionSchema } from './schemas.js';

const KINDS = [
  'consent',
  'choice',
  'preference',
  'override',
  'lift_override',
  'model',
  'kill',
  'revive',
  'cap',
  'lift_cap',
  'floor',
  'lift_floor',
  'calibration',
  'flag_edit',
  'erase',
  'rotate_secret',
] as const satisfies readonly EntryKind[];
const kind = z.enum(KINDS);
const whole = z.coerce.number().int().min(0);
const querystring = z.strictObject({
  kinds: z
    .union([kind.transform((one) => [one]), z.array(kind)])
    .optional()
    .describe('Only these kinds; may stand several times.'),
  tenant: idSchema.optional(),
  user: idSchema.optional().describe('Needs tenant.'),
  flag: idSchema.optional().describe('A feature or a change.'),
  actor: idSchema.optional(),
  from: whole.optional().describe('Recorded at or after, in ms since 1970.'),
  to: whole.optional().describe('Recorded before, in ms since 1970.'),
  after: whole.optional().describe('next of the page before.'),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});
const auditAnswer = z.object({
  entries: z.array(
    z.object({
      position: z.number(),
      revision: revisionSchema,
      id: z.string(),
      kind,
      at: z.number().describe('In ms since 1970, by the clock of the database.'),
      erased: z.boolean().describe('What it said was erased.'),
      tenant: z.string().optional(),
      user: z.string().optional(),
      flag: z.string().optional(),
      before: z.unknown().optional(),
      after: z.unknown().optional(),
      change: z.unknown().optional(),
      edit: z.unknown().optional(),
      actor: z.string().optional(),
      reason: z.string().optional(),
    }),
  ),
  head: z.object({ epoch: z.string(), position: z.number() }),
  next: z.number().optional().describe('Where there may be more: after of the next page.'),
});

/** The audit trail. */
export function serveAudit(app: App, gateway: Gateway): void {
  app.get(
    '/v1/operator/audit',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'listAudit',
        tags: ['operators'],
        summary: 'The control log, oldest first: what changed, who said so, why, and what stood there before',
        querystring,
        response: { 200: auditAnswer },
      },
    },
    async ({ query }) => {
      const page = await recorded(gateway, ({ store }) => store.entries(query), 'values');
      return { ...page, entries: [...page.entries] };
    },
  );
}
