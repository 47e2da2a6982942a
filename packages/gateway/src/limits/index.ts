import { createCallLimiter } from '@rampart/sdk';
import { z } from 'zod';
import { checkBounds } from '../context/bounds.js';
import type { App, Gateway } from '../gateway.js';
import { type RequestWrite, requestWrite, writeHeaders } from '../service/idempotency.js';
import { Refusal } from '../service/refusal.js';
import { RepeatedCalls } from './repeated-calls.js';

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

interface Call extends z.infer<typeof body> {
  readonly flag: string;
}

/** Keeps AI calls to the `maxPerHour` of the change that decides, for services that can't embed the limiter. */
export function serveLimits(app: App, { rampart, control, configuration }: Gateway): void {
  const limiter = createCallLimiter({ control });
  const repeated = new RepeatedCalls(control, allowance);
  const tenantName = configuration.contextNames?.tenantId ?? 'tenantId';
  const consume = async (call: Call, { id, isKeyed }: RequestWrite): Promise<z.infer<typeof allowance>> => {
    const { flag, tenantId, units, context } = call;
    const evaluated = await rampart.provider.engine.evaluate(
      flag,
      { ...context, [tenantName]: tenantId },
      { counted: false },
    );
    if (evaluated.kind === 'missing' || (evaluated.kind === 'ai' && evaluated.flagKind === 'missing')) {
      if (rampart.provider.engine.freshness === 'none')
        throw new Refusal(503, 'not_ready', 'there are no flags yet', { retryAfter: 1 });
      throw new Refusal(404, 'no_such_flag', 'there is no flag of that name');
    }
    if (evaluated.kind === 'plain')
      throw new Refusal(404, 'no_such_flag', 'this flag is no AI feature and has no limit');
    const { decision } = evaluated;
    // What was allowed before is not allowed any more where the decision is closed now.
    const before = isKeyed && decision.enabled ? await repeated.find(id, call) : undefined;
    if (before !== undefined) return before;
    const answer = { ...(await limiter.consume({ decision, tenantId, units })), change: decision.change };
    if (isKeyed && decision.enabled) await repeated.keep(id, call, answer);
    return answer;
  };
  app.post(
    '/v1/limits/:flag/consume',
    {
      config: { callers: ['service'], permission: 'evaluate' },
      schema: {
        operationId: 'consumeCalls',
        tags: ['limits'],
        summary: 'Ask for AI calls of a tenant, and count them where they are allowed',
        headers: writeHeaders,
        params: z.strictObject({ flag: text.describe('A feature or a change.') }),
        body,
        response: { 200: allowance },
      },
    },
    (request) => {
      const { principal, params, body: content } = request;
      const { flag } = params;
      if (principal.kind !== 'service' || !principal.mayAsk(flag))
        throw new Refusal(403, 'forbidden', 'this key does not cover the flag');
      checkBounds(content.context, configuration.limits);
      return consume({ flag, ...content }, requestWrite(request, principal, content.tenantId));
    },
  );
}
