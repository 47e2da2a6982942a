import { z } from 'zod';
import type { Principal } from '../access/principal.js';
import type { App, Gateway } from '../gateway.js';
import { recorded } from '../service/recorded.js';
import { Refusal } from '../service/refusal.js';
import { actorOf, requireOwnTenant } from './own-tenant.js';
import { classSchema, nameSchema, recordFields, tenantParams, writeFields, written } from './schemas.js';
import { write } from './write.js';

const userParams = tenantParams.extend({ user: nameSchema.describe("The user's id.") });
const params = userParams.extend({
  featureClass: z.union([classSchema, z.literal('*')]).describe('A consent class, or * for all AI.'),
});
const body = z.strictObject({
  choice: z
    .enum(['opt_out', 'opt_in', 'unset'])
    .describe("unset takes a choice back. An opt-in is the user's own: nobody else can say it."),
  ...writeFields,
});
const answer = z.object({
  user: z.string(),
  choices: z.array(z.object({ featureClass: z.string(), choice: z.enum(['opt_in', 'opt_out']), ...recordFields })),
});

/** What single users chose, or their administrator for them. */
export function serveChoices(app: App, gateway: Gateway): void {
  app.get(
    '/v1/tenants/:tenant/users/:user/choices',
    {
      config: { callers: ['admin', 'service'], permission: 'consent' },
      preHandler: requireOwnTenant,
      schema: {
        operationId: 'listChoices',
        tags: ['tenants'],
        summary: 'The choices of one user',
        params: userParams,
        response: { 200: answer },
      },
    },
    ({ params: { tenant, user } }) => choicesOf(gateway, tenant, user),
  );
  app.put(
    '/v1/tenants/:tenant/users/:user/choices/:featureClass',
    {
      config: { callers: ['admin', 'service'], permission: 'consent' },
      preHandler: requireOwnTenant,
      schema: {
        operationId: 'setChoice',
        tags: ['tenants'],
        summary: 'Opt one user out of a class or of all AI, or take that back',
        params,
        body,
        response: { 200: written },
      },
    },
    ({ principal, params: { tenant, user, featureClass }, body: { choice: said, ...stated } }) => {
      if (said === 'opt_in') requireTheUser(principal, user, stated.actor);
      const choice = said === 'unset' ? undefined : said;
      return write(gateway, principal, { kind: 'choice', tenant, user, featureClass, choice }, stated);
    },
  );
}

// Where the law asks for the user's own consent, nobody else's counts.
function requireTheUser(principal: Principal, user: string, actor: string | undefined): void {
  if (actorOf(principal, actor) === user) return;
  throw new Refusal(403, 'forbidden', 'choice: only the user can opt in; take an opt-out back with unset');
}

async function choicesOf(gateway: Gateway, tenant: string, user: string) {
  const found = await recorded(gateway, ({ store }) => store.items({ kind: 'choice', tenant, user }));
  const choices = found.flatMap(({ change, revision, actor, reason, at }) =>
    change.kind === 'choice' && change.choice !== undefined
      ? [{ featureClass: change.featureClass, choice: change.choice, revision, actor, reason, at }]
      : [],
  );
  return { user, choices };
}
