import { createCallLimiter } from '@rampart/sdk';
import { z } from 'zod';
import { checkBounds } from '../context/bounds.js';
import type { App, Gateway } from '../gateway.js';
import { Refusal } from '../service/refusal.js';

const text = z.string().min(1).max(255);
const body = z.strictObject({
  tenantId: text,
  units: z.int().min(1).max(1_000_000).default(1).describe('How many calls it counts for.'),
  context: z
    .record(z.string(), z.unknown())
    .default({})
    .describe('What else decides which change the tenant has: tier, region, labels, cohorts.'),
});
const allowance = z.object({
  allowed: z.boolean(),
  remaining: z.number().optional().describe('Calls left in this hour. Absent: no limit.'),
  resetsIn: z.number().describe('Until the hour ends that the first call began, in ms.'),
  shared: z
    .boolean()
    .describe('Whether all processes count together; while Redis is down each one allows the whole limit by itself.'),
  change: z.string().optional().describe('Whose limit it is.'),
});

/** Keeps AI calls to the `maxPerHour` of the change that decides, for services that can't embed the limiter. */
export function serveLimits(app: App, { rampart, control, configuration }: Gateway): void {
  const limiter = createCallLimiter({ control });
  const tenantName = configuration.contextNames?.tenantId ?? 'tenantId';
  app.post(
    '/v1/limits/:flag/consume',
    {
      config: { callers: ['service'], permission: 'evaluate' },
      schema: {
        operationId: 'consumeCalls',
        tags: ['limits'],
        summary: 'Ask for AI calls of a tenant, and count them where they are allowed',
        params: z.strictObject({ flag: text.describe('A feature or a change.') }),
        body,
        response: { 200: allowance },
      },
    },
    async ({ principal, params: { flag }, body: { tenantId, units, context } }) => {
      if (principal.kind !== 'service' || !principal.mayAsk(flag))
        throw new Refusal(403, 'forbidden', 'this key does not cover the flag');
      checkBounds(context, configuration.limits);
      const answer = await rampart.provider.answer(flag, { ...context, [tenantName]: tenantId }, { counted: false });
      if (answer.kind === 'missing' || (answer.kind === 'ai' && answer.flagKind === 'missing')) {
        if (rampart.provider.freshness === 'none')
          throw new Refusal(503, 'not_ready', 'there are no flags yet', { retryAfter: 1 });
        throw new Refusal(404, 'no_such_flag', 'there is no flag of that name');
      }
      if (answer.kind === 'plain')
        throw new Refusal(404, 'no_such_flag', 'this flag is no AI feature and has no limit');
      const { decision } = answer;
      return { ...(await limiter.consume({ decision, tenantId, units })), change: decision.change };
    },
  );
}
