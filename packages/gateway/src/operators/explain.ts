import { z } from 'zod';
import { checkBounds } from '../context/bounds.js';
import type { App, Gateway } from '../gateway.js';
import { idSchema } from './schemas.js';

const explanation = z.object({
  decision: z.unknown().describe('As a service would receive it, bindings included.'),
  gates: z.array(
    z.object({
      gate: z.string(),
      flag: z.string(),
      rule: z.number().optional().describe('Counted from 1; absent for the whole flag.'),
      saw: z.string(),
      open: z.boolean(),
      detail: z.string().optional(),
    }),
  ),
});

/** Why somebody would, or would not, get a feature. */
export function serveExplain(app: App, gateway: Gateway): void {
  app.post(
    '/v1/operator/explain',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'explain',
        tags: ['operators'],
        summary: 'The gate table of a hypothetical subject; counts nothing',
        body: z.strictObject({
          flag: idSchema.describe('A feature, a change or any other flag.'),
          context: z
            .record(z.string(), z.unknown())
            .default({})
            .describe('The subject: tenantId, tier, region, labels, cohorts and the rest of an evaluation context.')
            .meta({ examples: [{ targetingKey: 'ada', tenantId: '42', tier: 'pro' }] }),
        }),
        response: { 200: explanation },
      },
    },
    async ({ body: { flag, context } }) => {
      checkBounds(context, gateway.configuration.limits);
      const { rampart } = gateway;
      await rampart.provider.engine.prepare(context);
      const { decision, gates } = rampart.explain(flag, context);
      return { decision, gates: [...gates] };
    },
  );
}
