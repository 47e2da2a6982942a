import type { AuditEntry } from '@rampart/sdk/operator';
import { z } from 'zod';
import type { App, Gateway } from '../gateway.js';
import { recorded } from '../service/recorded.js';
import { requireOwnTenant } from './own-tenant.js';
import { revisionSchema, tenantParams } from './schemas.js';

const KINDS = ['consent', 'choice', 'preference'] as const;

const querystring = z.strictObject({
  after: z.coerce.number().int().min(0).optional().describe('next of the page before.'),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});
const answer = z.object({
  entries: z.array(
    z.object({
      revision: revisionSchema,
      at: z.number().describe('In ms since 1970, by the clock of the database.'),
      kind: z.enum(['consent', 'choice', 'preference']),
      user: z.string().optional(),
      featureClass: z.string().optional(),
      before: z.unknown(),
      after: z.unknown(),
      actor: z.string().optional().describe('Absent where it was erased.'),
      reason: z.string().optional(),
      erased: z.boolean(),
    }),
  ),
  next: z.number().optional().describe('Where there may be more: after of the next page.'),
});

/** What a tenant's people changed, oldest first. What operators did is in the operators' audit. */
export function serveHistory(app: App, gateway: Gateway): void {
  app.get(
    '/v1/tenants/:tenant/history',
    {
      config: { callers: ['admin', 'service'], permission: 'consent' },
      preHandler: requireOwnTenant,
      schema: {
        operationId: 'listHistory',
        tags: ['tenants'],
        summary: 'Who changed consent, choices and preferences, when and why',
        params: tenantParams,
        querystring,
        response: { 200: answer },
      },
    },
    async ({ params: { tenant }, query: { after, limit } }) => {
      const page = await recorded(gateway, ({ store }) => store.entries({ kinds: KINDS, tenant, after, limit }));
      return { entries: page.entries.map(shown), next: page.next };
    },
  );
}

function shown({ revision, at, kind, user, change, before = null, after = null, actor, reason, erased }: AuditEntry) {
  const featureClass = change !== undefined && 'featureClass' in change ? change.featureClass : undefined;
  return {
    revision,
    at,
    kind: kind as (typeof KINDS)[number],
    user,
    featureClass,
    before,
    after,
    actor,
    reason,
    erased,
  };
}
