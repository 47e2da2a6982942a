import type { DurableControl } from '@rampart/sdk';
import { z } from 'zod';
import type { App, Gateway } from '../gateway.js';
import { recordedBefore, requestWrite, writeHeaders } from '../service/idempotency.js';
import { recorded } from '../service/recorded.js';
import { Refusal } from '../service/refusal.js';
import { requireDeclaredClass } from './declared-class.js';
import { actorOf, requireOwnTenant } from './own-tenant.js';
import { classSchema, nameSchema, recordFields, tenantParams, writeFields, written } from './schemas.js';
import { NO_REASON, write } from './write.js';
import { writeForAnother } from './write-choice.js';

const userParams = tenantParams.extend({ user: nameSchema.describe("The user's id.") });
const params = userParams.extend({
  featureClass: z.union([classSchema, z.literal('*')]).describe('A consent class, or * for all AI.'),
});
const body = z.strictObject({
  choice: z
    .enum(['opt_out', 'opt_in', 'unset'])
    .describe(
      "unset takes a choice back. An opt-in is the user's own: nobody else can say it. So is an opt-out that the user made: " +
        'nobody else can take it back.',
    ),
  ...writeFields,
});
const answer = z.object({
  user: z.string(),
  choices: z.array(
    z.object({
      featureClass: z.string(),
      choice: z
        .enum(['opt_in', 'opt_out', 'unknown'])
        .describe('unknown: what is recorded is no choice. It closes until the choice is made again.'),
      ...recordFields,
    }),
  ),
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
        description:
          "Administrators opt users out, and take back what administrators chose. A user's own opt-out stays the user's: for " +
          'anybody else unset is refused (403), and opt_out is answered with the revision of the one that stands.',
        headers: writeHeaders,
        params,
        body,
        response: { 200: written },
      },
    },
    (request) => {
      const { principal } = request;
      const { tenant, user, featureClass } = request.params;
      const { choice: said, ...stated } = request.body;
      const choice = said === 'unset' ? undefined : said;
      const change = { kind: 'choice', tenant, user, featureClass, choice } as const;
      const actor = actorOf(principal, stated.actor);
      // Refused for the caller's rights first, then for the class.
      const check = () => requireClass(gateway, { tenant, user, featureClass, isOptOut: choice === 'opt_out' });
      if (actor === user) return check().then(() => write(gateway, request, change, stated));
      // Where the law asks for the user's own consent, nobody else's counts.
      if (choice === 'opt_in')
        throw new Refusal(403, 'forbidden', 'choice: only the user can opt in; take an opt-out back with unset');
      const { reason = NO_REASON, expected } = stated;
      const keyed = requestWrite(request, principal, tenant);
      return recorded(gateway, async (control) => {
        await check();
        const revision = await recordedBefore(control, keyed, change, { actor, reason });
        if (revision !== undefined) return { revision };
        return writeForAnother(control, change, { actor, reason, id: keyed.id, expected });
      });
    },
  );
}

/** `*` stands for all AI, so it needs no declaration. */
async function requireClass(
  gateway: Gateway,
  { tenant, user, featureClass, isOptOut }: Record<'tenant' | 'user' | 'featureClass', string> & { isOptOut: boolean },
): Promise<void> {
  if (featureClass === '*') return;
  const hasRecord = async ({ store }: DurableControl): Promise<boolean> =>
    (await store.items({ kind: 'choice', tenant, user })).some(
      ({ change }) => change.kind === 'choice' && change.featureClass === featureClass,
    );
  await recorded(gateway, (control) => requireDeclaredClass(gateway, control, { featureClass, isOptOut, hasRecord }));
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
