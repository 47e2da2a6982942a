import { type ExposureQuery, MAX_EXPOSURES_PER_PAGE, nearestHint } from '@rampart/sdk/operator';
import { z } from 'zod';
import type { App, Gateway } from '../gateway.js';
import { recorded } from '../service/recorded.js';
import { Refusal } from '../service/refusal.js';
import { idSchema } from './schemas.js';

const moment = z.coerce.number().int().min(0);
const querystring = z
  .strictObject({
    change: idSchema.describe("The change's flag, by its full name."),
    variant: idSchema.optional(),
    tenant: idSchema.optional(),
    user: idSchema.optional().describe('Needs tenant.'),
    from: moment.optional().describe('Exposures at or after, in ms since 1970.'),
    to: moment.optional().describe('Exposures before, in ms since 1970.'),
    after: z.string().max(100).optional().describe('next of the page before.'),
    limit: z.coerce
      .number()
      .int()
      .min(1)
      .max(MAX_EXPOSURES_PER_PAGE)
      .default(MAX_EXPOSURES_PER_PAGE)
      .describe('Most exposures of the change that the page reads, whether or not they match the other filters.'),
  })
  .refine(({ from = 0, to = Number.POSITIVE_INFINITY }) => from < to, { error: 'must lie before to', path: ['from'] });
const answer = z.object({
  change: z.string(),
  subjects: z.array(
    z.object({
      tenant: z.string().optional().describe('Absent where the exposures name none.'),
      user: z.string().optional().describe('Absent where the exposures name none.'),
      variant: z.string().optional().describe('Absent where the decision had none.'),
      first: z.number().describe('When the first one happened, in ms since 1970.'),
      last: z.number().describe('When the last one happened, in ms since 1970.'),
      count: z.number().describe('How many were recorded.'),
    }),
  ),
  next: z
    .string()
    .optional()
    .describe('Where more exposures of the change follow, also after an empty page: after of the next page.'),
});

/** The subjects that a change was served to. */
export function serveExposures(app: App, gateway: Gateway): void {
  app.get(
    '/v1/exposures',
    {
      config: { callers: ['operator'] },
      schema: {
        operationId: 'listExposures',
        tags: ['operators'],
        summary: 'The subjects that a change was served to, with variant, first and last time',
        description:
          'Reads recorded exposures (events named exposure), a page at a time, and adds them up for each tenant, user and ' +
          'variant. A subject may be on several pages: add its counts up. Erased subjects are on none. A change that has ' +
          'neither a flag nor an exposure is answered 404 with the code no_such_change.',
        querystring,
        response: { 200: answer },
      },
    },
    ({ query }) => recorded(gateway, ({ store }) => pageOf(gateway, store, query), 'values'),
  );
}

type Store = NonNullable<Gateway['control']>['store'];

async function pageOf({ rampart }: Gateway, store: Store, query: ExposureQuery) {
  const { change } = query;
  const { subjects, next } = await store.exposures(query);
  if (subjects.length === 0) {
    const snapshot = rampart.flags.snapshot();
    const flags = [...snapshot.names()].filter((name) => snapshot.flag(name)?.kind === 'change');
    requireKnown(change, [...flags, ...(await store.exposedChanges())]);
  }
  return { change, subjects: [...subjects], next };
}

function requireKnown(change: string, known: readonly string[]): void {
  if (known.includes(change)) return;
  const hint = nearestHint(change, known) || 'GET /v1/operator/features lists the changes';
  throw new Refusal(404, 'no_such_change', `change: no change and no exposure has this name: ${hint}`);
}
