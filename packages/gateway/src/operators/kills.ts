import { setTimeout as delay } from 'node:timers/promises';
import type { Kill } from '@rampart/core';
import { isStoreError, type KillSwitch } from '@rampart/sdk/operator';
import { z } from 'zod';
import type { App, Gateway } from '../gateway.js';
import { recordedBefore, requestWrite, writeHeaders } from '../service/idempotency.js';
import { recorded, refused } from '../service/recorded.js';
import { Refusal } from '../service/refusal.js';
import { OrderRuns, type Reached } from './carry-on.js';
import { actorOf } from './operator.js';
import { idSchema, reasonSchema, revisionSchema, scopeSchema } from './schemas.js';

const half = {
  state: z.enum(['held', 'pending', 'failed', 'not_needed']),
  since: z.number(),
  attempts: z.number(),
  error: z.string().optional(),
  notes: z.array(z.string()),
};
const place = z.object({
  flag: z.string(),
  project: z.string(),
  environment: z.string(),
  event: z.number().optional().describe("The event in Unleash's log that switched it off, where that is known."),
});
const report = z.object({
  action: z.enum(['kill', 'revive']),
  id: z.string().optional().describe('That of the kill; absent where nothing is known of it yet.'),
  scope: scopeSchema.optional(),
  control: z
    .object({ ...half, revision: revisionSchema.optional() })
    .describe('In the control log: binds every service that uses Rampart.'),
  unleash: z
    .object({ ...half, switched: z.array(place) })
    .describe('In Unleash: binds plain SDKs at their next poll. Needs an admin token in the configuration.'),
  settled: z.boolean().describe('Whether nothing is left to be done.'),
  settleError: z.string().optional().describe('Why it could not be recorded yet that both halves hold.'),
  running: z
    .boolean()
    .describe(
      'Whether this gateway still tries. A repeat of the request with its Idempotency-Key waits for the result.',
    ),
});
const killsAnswer = z.object({
  kills: z.array(
    z.object({
      id: z.string(),
      scope: scopeSchema,
      reason: z.string(),
      actor: z.string().optional().describe('Absent where it was erased.'),
      at: z.number().describe('In ms since 1970, by the clock of the database.'),
      revision: revisionSchema,
    }),
  ),
  orders: z
    .array(
      z.object({
        action: z.enum(['kill', 'revive']),
        id: z.string().describe('That of the kill.'),
        scope: scopeSchema,
        at: z.number().describe('In ms since 1970.'),
        recorded: z.boolean().describe('Whether the control log has it; if so, Unleash is what is missing.'),
        noted: z.enum(['journal', 'database']).describe('Where it is stored until it is finished.'),
        error: z.string().optional().describe('Why the last attempt failed.'),
      }),
    )
    .describe('Kills and revivals that are recorded and not finished.'),
  flagsOff: z
    .array(
      place.extend({
        kill: z.string().describe('The last kill that switched it off.'),
        reason: z.enum(['killed', 'waiting', 'pending', 'left_off', 'operator', 'no_active_rule', 'unknown']),
        why: z.string(),
      }),
    )
    .describe('Flags that are still off in Unleash although their kill was revived.'),
  flagsOffError: z
    .string()
    .optional()
    .describe('Why Unleash could not be asked whether they are still off; the list is then what the control log says.'),
});
const killBody = z.strictObject({
  scope: scopeSchema,
  reason: reasonSchema,
  environments: z
    .array(idSchema)
    .min(1)
    .max(100)
    .optional()
    .describe('Environments of Unleash to switch the flag off in. Default: every one that the flag has.'),
});
const reviveBody = z.strictObject({
  reason: reasonSchema,
  fix: reasonSchema
    .max(500)
    .describe('Where the fix is to be found: a pull request, an incident, a release.')
    .meta({ examples: ['https://github.com/acme/app/pull/1234'] }),
  leaveOff: z.boolean().optional().describe('Leaves the flag off in Unleash. Default: false.'),
});

/** Kill switches: what is killed, kill, revive. */
export function serveKills(app: App, gateway: Gateway): void {
  const reach = reacher(app, gateway);
  app.get(
    '/v1/operator/kills',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'listKills',
        tags: ['operators'],
        summary: 'The kills that hold now, oldest first; orders that are not finished; flags that are still off',
        response: { 200: killsAnswer },
      },
    },
    () => recorded(gateway, () => listKills(switchOf(gateway)), 'values'),
  );
  app.post(
    '/v1/operator/kills',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'kill',
        tags: ['operators'],
        summary: 'Kill a feature, a change, or part of its subjects; also switches the flag off in Unleash',
        headers: writeHeaders,
        body: killBody,
        response: { 201: report, 202: report },
      },
    },
    async (request, reply) => {
      const { principal, body } = request;
      const keyed = requestWrite(request, principal);
      const id = keyed.isKeyed ? keyed.id : undefined;
      const order = { ...body, id, actor: actorOf(principal) };
      if (id !== undefined) await requireSameKill(gateway, { ...body, id }, order.actor);
      const reached = await reach({
        action: 'kill',
        id,
        scope: body.scope,
        repeatKey: repeatKeyOf(id, order),
        start: (patience) => switchOf(gateway).kill(order, patience),
      });
      return reply.code(codeOf(reached)).send(reached);
    },
  );
  app.post(
    '/v1/operator/kills/:id/revive',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'revive',
        tags: ['operators'],
        summary: 'End a kill; the last one that covers a flag switches it on where kills had switched it off',
        headers: writeHeaders,
        params: z.strictObject({ id: idSchema }),
        body: reviveBody,
        response: { 201: report, 202: report },
      },
    },
    async (request, reply) => {
      const { principal, params, body } = request;
      const keyed = requestWrite(request, principal);
      const entryId = keyed.isKeyed ? keyed.id : undefined;
      const order = { id: params.id, ...body, entryId, actor: actorOf(principal) };
      // It reads what the kill had switched off before it begins.
      await recorded(gateway, () => Promise.resolve(), 'values');
      const reached = await reach({
        action: 'revive',
        id: params.id,
        repeatKey: repeatKeyOf(entryId, order),
        start: (patience) => switchOf(gateway).revive(order, patience),
      });
      return reply.code(codeOf(reached)).send(reached);
    },
  );
}

/** How long a kill waits for the comparison with an earlier request, in ms: it doesn't wait for a database that is down. */
const COMPARISON_MS = 500;

/** @throws ReusedIdError where an earlier request with the same key recorded another kill */
async function requireSameKill({ control }: Gateway, kill: Kill, actor: string): Promise<void> {
  if (control === undefined) return;
  const write = { actor, reason: kill.reason };
  const compared = recordedBefore(control, { id: kill.id, isKeyed: true }, { kind: 'kill', kill }, write);
  const patience = new AbortController();
  const late = delay(COMPARISON_MS, undefined, { signal: patience.signal }).catch(() => undefined);
  try {
    await Promise.race([compared, late]);
  } catch (error) {
    if (!isStoreError(error)) throw error;
  } finally {
    patience.abort();
  }
}

/** The same for requests that are repeats of each other. */
function repeatKeyOf(entry: string | undefined, order: object): string | undefined {
  return entry === undefined ? undefined : JSON.stringify([entry, order]);
}

async function listKills(killSwitch: KillSwitch): Promise<z.output<typeof killsAnswer>> {
  const { orders, error } = await killSwitch.pending();
  if (error !== undefined) throw new Refusal(503, 'database_unavailable', error, { retryAfter: 5 });
  const kills = await killSwitch.kills();
  const off = await killSwitch.flagsOff();
  return { kills: [...kills], orders: [...orders], flagsOff: [...off.flags], flagsOffError: off.error };
}

function switchOf({ killSwitch }: Gateway): KillSwitch {
  if (killSwitch !== undefined) return killSwitch;
  throw new Refusal(501, 'not_recorded', 'this gateway was given a control without a database: it records nothing');
}

type Report = z.output<typeof report>;

type Reach = (order: Parameters<OrderRuns['carryOn']>[0]) => Promise<Report>;

/** Carries orders on until they hold, or the gateway is closed; requests under way are finished by then. */
function reacher(app: App, { log }: Gateway): Reach {
  const closed = new AbortController();
  const runs = new OrderRuns(closed.signal, log);
  app.addHook('onClose', (_app, done) => {
    closed.abort();
    done();
  });
  return async (order) => {
    // Also while the database is down: Unleash obeys without it.
    const { reached, isRunning } = await refused(() => runs.carryOn(order), 'values');
    const { control, unleash } = reached;
    if (control.errorKind !== undefined) throw notTaken(reached);
    if (control.state === 'failed') throw new Refusal(409, 'conflict', control.error ?? 'it was refused');
    return {
      ...reached,
      running: isRunning,
      control: { ...control, notes: [...control.notes] },
      unleash: { ...unleash, notes: [...unleash.notes], switched: [...unleash.switched] },
    };
  };
}

/** The half in Unleash may hold: the operator has to know. */
function notTaken({ unleash }: Reached): Refusal {
  const message = `the control log did not take the order; in Unleash it is ${unleash.state}: try again once the database can be used`;
  return new Refusal(503, 'database_unavailable', message, { retryAfter: 5, details: { unleash } });
}

/** 201 once the log holds it, 202 while it is tried on. */
const codeOf = ({ control }: Report): 201 | 202 => (control.state === 'held' ? 201 : 202);
