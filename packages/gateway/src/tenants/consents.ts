import { z } from 'zod';
import type { App, Gateway } from '../gateway.js';
import { writeHeaders } from '../service/idempotency.js';
import { recorded } from '../service/recorded.js';
import { classesOf } from './classes.js';
import { requireDeclaredClass, storedModels } from './declared-class.js';
import { requireOwnTenant } from './own-tenant.js';
import { classSchema, recordFields, tenantParams, writeFields, written } from './schemas.js';
import { write } from './write.js';

const params = tenantParams.extend({ featureClass: classSchema });
const body = z.strictObject({
  state: z.enum(['opt_in', 'opt_out', 'unset']),
  version: z.int().min(0).max(2_147_483_647).optional().describe('Version of the terms that are agreed to.'),
  ...writeFields,
});
const answer = z.object({
  tenant: z.string(),
  consents: z.array(
    z.object({
      featureClass: z.string(),
      state: z
        .enum(['opt_in', 'opt_out', 'unset', 'unknown'])
        .describe('unknown: what is recorded is no state, or inconsistent. It closes until the state is set again.'),
      version: z.number().optional(),
      model: z
        .enum(['not_required', 'opt_out', 'opt_in'])
        .optional()
        .describe('What counts where nothing was said. Absent: no feature is of this class.'),
      neededVersion: z.number().optional().describe('Lowest version of the terms that counts for every feature.'),
      ...recordFields,
    }),
  ),
});

/** What a tenant agreed to, class by class. */
export function serveConsents(app: App, gateway: Gateway): void {
  app.get(
    '/v1/tenants/:tenant/consents',
    {
      config: { callers: ['admin', 'service'], permission: 'consent' },
      preHandler: requireOwnTenant,
      schema: {
        operationId: 'listConsents',
        tags: ['tenants'],
        summary: 'What the tenant said of each class of AI features, and what each asks for',
        params: tenantParams,
        response: { 200: answer },
      },
    },
    ({ params: { tenant } }) => consentsOf(gateway, tenant),
  );
  app.put(
    '/v1/tenants/:tenant/consents/:featureClass',
    {
      config: { callers: ['admin', 'service'], permission: 'consent' },
      preHandler: requireOwnTenant,
      schema: {
        operationId: 'setConsent',
        tags: ['tenants'],
        summary: 'Opt in, opt out, or take back what was said of a class',
        description:
          'The class must be declared by a feature flag or a stored model, or have a record of this tenant: another one is ' +
          'refused (400). While no flags are loaded, an opt-out is recorded, and anything else is answered with 503.',
        headers: writeHeaders,
        params,
        body,
        response: { 200: written },
      },
    },
    (request) => {
      const { tenant, featureClass } = request.params;
      const { state, version, ...stated } = request.body;
      const checked = recorded(gateway, (control) =>
        requireDeclaredClass(gateway, control, {
          featureClass,
          isOptOut: state === 'opt_out',
          hasRecord: async ({ store }) =>
            (await store.consents(tenant)).some((record) => record.featureClass === featureClass),
        }),
      );
      const consent = { state, ...(version !== undefined && { version }) };
      const change = { kind: 'consent', tenant, featureClass, consent } as const;
      return checked.then(() => write(gateway, request, change, stated));
    },
  );
}

async function consentsOf(gateway: Gateway, tenant: string) {
  const [said, stored] = await recorded(gateway, (control) =>
    Promise.all([control.store.consents(tenant), storedModels(control)]),
  );
  const classes = classesOf(gateway.rampart.flags.snapshot(), stored);
  const recordOf = new Map(said.map((record) => [record.featureClass, record]));
  const names = [...new Set([...classes.keys(), ...recordOf.keys()])].sort();
  return {
    tenant,
    consents: names.map((featureClass) => {
      const { consent, revision, actor, reason, at } = recordOf.get(featureClass) ?? {};
      const { state = 'unset', version } = consent ?? {};
      return { featureClass, state, version, ...classes.get(featureClass), revision, actor, reason, at };
    }),
  };
}
