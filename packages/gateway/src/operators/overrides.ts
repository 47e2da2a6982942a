import { formatRevision, hasEnded, type Override } from '@rampart/core';
import type { DurableControl } from '@rampart/sdk';
import { z } from 'zod';
import type { App, Gateway } from '../gateway.js';
import { type RequestWrite, recordedBefore, requestWrite, writeHeaders } from '../service/idempotency.js';
import { recorded } from '../service/recorded.js';
import { Refusal } from '../service/refusal.js';
import { actorOf } from './operator.js';
import { expectedSchema, idSchema, momentSchema, reasonSchema, revisionSchema, writtenAnswer } from './schemas.js';

const overrideFields = {
  tenant: idSchema,
  flag: idSchema.describe('A feature or a change.'),
  force: z.enum(['on', 'off']),
  reason: reasonSchema,
  until: momentSchema,
};
const overridesAnswer = z.object({
  overrides: z.array(
    z.object({
      id: z.string(),
      ...overrideFields,
      reason: z.string(),
      ended: z
        .boolean()
        .describe(
          'Whether it no longer acts: force off until its end has certainly come, force on until it may have come.',
        ),
      actor: z.string().optional(),
      at: z.number(),
      revision: revisionSchema,
    }),
  ),
  revision: revisionSchema.describe(
    'Of the control log before the list was read: send it as expected for an override that is not listed.',
  ),
});
const entrySchema = z.string().describe('The id of the entry in the control log.');

/** Exceptions for one tenant and one flag, for a time. */
export function serveOverrides(app: App, gateway: Gateway): void {
  app.get(
    '/v1/operator/overrides',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'listOverrides',
        tags: ['operators'],
        summary: 'Overrides, those that have ended included',
        querystring: z.strictObject({ tenant: idSchema.optional() }),
        response: { 200: overridesAnswer },
      },
    },
    ({ query: { tenant } }) => overridesOf(gateway, tenant),
  );
  app.post(
    '/v1/operator/overrides',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'setOverride',
        tags: ['operators'],
        summary: 'Force a flag on or off for one tenant; on goes past no consent, exclusion, region or kill',
        headers: writeHeaders,
        body: z.strictObject({
          id: idSchema.optional().describe('Names it, to be changed or lifted. Default: a new one.'),
          ...overrideFields,
          unknownOk: z
            .boolean()
            .default(false)
            .describe('Record it also for a flag that Unleash does not have. Otherwise such a flag is refused (400).'),
          expected: expectedSchema,
        }),
        response: { 201: writtenAnswer.extend({ id: z.string().describe('Of the override.'), entry: entrySchema }) },
      },
    },
    async (request, reply) => {
      const { principal, body } = request;
      const keyed = requestWrite(request, principal);
      // A repeated request names the same override.
      const { id = keyed.id, tenant, expected, unknownOk, ...rest } = body;
      const write = { actor: actorOf(principal), reason: rest.reason, id: keyed.id, expected };
      const change = { kind: 'override', tenant, override: { id, ...rest } } as const;
      const work = async (control: DurableControl): Promise<string> => {
        const before = await recordedBefore(control, keyed, change, write);
        if (before !== undefined) return before;
        if (rest.until <= Date.now()) throw new Refusal(400, 'invalid_request', 'until: lies in the past');
        if (!unknownOk) requireKnownFlag(gateway, rest);
        return (await control.apply(change, write)).revision;
      };
      const revision = await recorded(gateway, work, 'values');
      return reply.code(201).send({ id, revision, entry: keyed.id });
    },
  );
  app.delete(
    '/v1/operator/overrides/:id',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'liftOverride',
        tags: ['operators'],
        summary: 'Lift an override before it ends',
        headers: writeHeaders,
        params: z.strictObject({ id: idSchema }),
        querystring: z.strictObject({ tenant: idSchema, reason: reasonSchema, expected: expectedSchema }),
        response: { 200: writtenAnswer.extend({ entry: entrySchema }) },
      },
    },
    (request) => {
      const { principal, params, query } = request;
      const { tenant, reason, expected } = query;
      const keyed = requestWrite(request, principal);
      return lift(gateway, { id: params.id, tenant, keyed }, { actor: actorOf(principal), reason, expected });
    },
  );
}

/** A misspelt flag would change no answer. While no flags are loaded, forcing off is recorded, as every narrowing is. */
function requireKnownFlag({ rampart: { flags } }: Gateway, { flag, force }: Pick<Override, 'flag' | 'force'>): void {
  const isLoaded = flags.origin() !== 'none';
  if (flags.snapshot().flag(flag) !== undefined || (!isLoaded && force === 'off')) return;
  if (!isLoaded)
    throw new Refusal(503, 'no_flags', 'no flags are loaded yet, so the flag can not be checked: try again', {
      retryAfter: 5,
    });
  throw new Refusal(400, 'unknown_flag', 'flag: Unleash has no such flag; check its name, or send unknownOk: true', {
    details: { field: 'flag' },
  });
}

async function overridesOf(gateway: Gateway, tenant: string | undefined) {
  const { head, found, now } = await recorded(
    gateway,
    async (control) => {
      const before = await control.store.head();
      const items = await control.store.items({ kind: 'override', tenant });
      return { head: before, found: items, now: control.databaseTime() };
    },
    'values',
  );
  const overrides = found.flatMap(({ change, actor, at, revision }) => {
    if (change.kind !== 'override') return [];
    const { override } = change;
    return [{ ...override, tenant: change.tenant, ended: hasEnded(override, now), actor, at, revision }];
  });
  return { overrides, revision: formatRevision(head) };
}

async function lift(
  gateway: Gateway,
  { id, tenant, keyed }: { readonly id: string; readonly tenant: string; readonly keyed: RequestWrite },
  write: { readonly actor: string; readonly reason: string; readonly expected: string | undefined },
) {
  return recorded(
    gateway,
    async (control) => {
      const change = { kind: 'lift_override', tenant, id } as const;
      const before = await recordedBefore(control, keyed, change, write);
      if (before !== undefined) return { revision: before, entry: keyed.id };
      const [found] = await control.store.items({ kind: 'override', tenant, id });
      if (found === undefined) throw new Refusal(404, 'no_such_override', 'this tenant has no override of that id');
      // Who names it wants it gone as it is.
      const expected = write.expected ?? found.revision;
      const { revision } = await control.apply(change, { ...write, id: keyed.id, expected });
      return { revision, entry: keyed.id };
    },
    'values',
  );
}
