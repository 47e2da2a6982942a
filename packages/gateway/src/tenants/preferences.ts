import { z } from 'zod';
import type { App, Gateway } from '../gateway.js';
import { writeHeaders } from '../service/idempotency.js';
import { recorded } from '../service/recorded.js';
import { requireOwnTenant } from './own-tenant.js';
import { bandsSchema, modeSchema, recordFields, tenantParams, writeFields, written } from './schemas.js';
import { write } from './write.js';

const body = z.strictObject({ mode: modeSchema.optional(), bands: bandsSchema.optional(), ...writeFields });
const answer = z.object({ mode: modeSchema.optional(), bands: bandsSchema.optional(), ...recordFields });

/** How far a tenant lets AI go: it can only make itself safer than its plan, never bolder. */
export function servePreferences(app: App, gateway: Gateway): void {
  app.get(
    '/v1/tenants/:tenant/preferences',
    {
      config: { callers: ['admin', 'service'], permission: 'consent' },
      preHandler: requireOwnTenant,
      schema: {
        operationId: 'getPreferences',
        tags: ['tenants'],
        summary: 'Most automation the tenant wants, and its confidence bands',
        params: tenantParams,
        response: { 200: answer },
      },
    },
    ({ params: { tenant } }) => preferencesOf(gateway, tenant),
  );
  app.put(
    '/v1/tenants/:tenant/preferences',
    {
      config: { callers: ['admin', 'service'], permission: 'consent' },
      preHandler: requireOwnTenant,
      schema: {
        operationId: 'setPreferences',
        tags: ['tenants'],
        summary: 'Choose mode and bands; what is left out is no wish any more',
        headers: writeHeaders,
        params: tenantParams,
        body,
        response: { 200: written },
      },
    },
    (request) => {
      const { mode, bands, ...stated } = request.body;
      return write(gateway, request, { kind: 'preference', tenant: request.params.tenant, mode, bands }, stated);
    },
  );
}

async function preferencesOf(gateway: Gateway, tenant: string) {
  const [item] = await recorded(gateway, ({ store }) => store.items({ kind: 'preference', tenant }));
  if (item?.change.kind !== 'preference') return {};
  const { change, revision, actor, reason, at } = item;
  return { mode: change.mode, bands: change.bands, revision, actor, reason, at };
}
