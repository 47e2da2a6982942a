import { z } from 'zod';
import type { App, Gateway } from '../gateway.js';
import { writeHeaders } from '../service/idempotency.js';
import { recorded } from '../service/recorded.js';
import { auditExposures } from './audit-exposures.js';
import { idSchema, momentSchema } from './schemas.js';

const body = z
  .strictObject({
    from: momentSchema.describe('Exposures at or after, in ms since 1970.'),
    to: momentSchema.describe('Exposures before, in ms since 1970.'),
    flag: idSchema.optional().describe('Only of this feature.'),
    after: z.string().max(100).optional().describe('next of an audit that was not complete.'),
  })
  .refine(({ from, to }) => from < to, { error: 'must lie before to', path: ['from'] });
const answer = z.object({
  exposures: z.number().describe('How many were looked at.'),
  unlabelled: z
    .number()
    .describe('Those of features with exclusions whose labels nobody knows: nothing can be said of them.'),
  found: z.array(
    z.object({
      feature: z.string(),
      tenant: z.string().optional().describe('Absent where the exposure names none: nobody can be killed then.'),
      labels: z.array(z.string()).describe('Why the tenant is excluded.'),
      exposures: z.number(),
      first: z.number(),
      last: z.number(),
      kill: z.string().optional(),
      state: z
        .enum(['killed', 'already_killed', 'no_tenant'])
        .describe('killed: by this audit. already_killed: some kill stops it.'),
    }),
  ),
  next: z.string().optional().describe('Where to go on: there were more than one audit looks at.'),
});

/** Finds who was served although excluded. */
export function serveExposureAudit(app: App, gateway: Gateway): void {
  app.post(
    '/v1/operator/exposure-audit',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'auditExposures',
        tags: ['operators'],
        summary: 'Find excluded subjects that were served, and kill the feature for their tenants',
        description:
          'Joins exposures (events named exposure) with labels: those that the exposure carries, those of the latest event ' +
          'named labels of the tenant, and those that the directory knows. Running it again changes nothing; what was revived ' +
          'since is only killed again for exposures after the revival.',
        headers: writeHeaders,
        body,
        response: { 200: answer },
      },
    },
    ({ body: window }) => recorded(gateway, (control) => auditExposures(gateway, control, window), 'values'),
  );
}
