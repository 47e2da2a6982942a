import type { Measurement, RecordedEvents } from '@rampart/sdk';
import { z } from 'zod';
import type { Principal, ServicePrincipal } from '../access/principal.js';
import { FeedbackTickets } from '../decisions/feedback-ticket.js';
import type { App, Gateway } from '../gateway.js';
import { writeHeaders } from '../service/idempotency.js';
import { recorded } from '../service/recorded.js';
import { Refusal } from '../service/refusal.js';
import { measurementOf } from './feedback.js';
import { dropOldEvents } from './retention.js';

const MOST = 500;
const text = z.string().min(1).max(255);

/** What a service may tell: anything of anyone. The shape of OpenFeature's tracking events. */
const measurementSchema = z
  .strictObject({
    id: z
      .string()
      .regex(/^[\x21-\x7e]{1,64}$/, 'use 1 to 64 printable ASCII characters without spaces')
      .describe('Chosen by the sender: one that is recorded already is left as it is, so a batch may be sent again.'),
    name: z
      .string()
      .min(1)
      .max(100)
      .describe('What was measured.')
      .meta({ examples: ['faithfulness'] }),
    at: z.int().min(0).max(8.64e15).optional().describe('When it happened, in ms since 1970. Default: now.'),
    value: z.number().optional(),
    targetingKey: text.optional().describe('The user; needs tenantId.'),
    tenantId: text.optional(),
    flag: text.optional().describe('The feature.'),
    change: text.optional(),
    variant: text.optional(),
    attributes: z.record(z.string().max(255), z.json()).optional().describe('At most 8000 characters as JSON.'),
  })
  .describe('Of a service.');

/** What a page may tell: whether an answer that it was given helped. */
const feedbackSchema = z
  .strictObject({
    name: z.literal('feedback'),
    decision: z.string().min(1).max(4_096).describe('The ticket that came with the decision.'),
    helpful: z.boolean(),
    comment: z.string().max(500).optional(),
  })
  .describe('Of a page: once for each decision.');

const eventSchema = z.union([feedbackSchema, measurementSchema], { error: 'send id and name, or a feedback' });
type Event = z.output<typeof eventSchema>;

/** Measurements and feedback. */
export function serveEvents(app: App, gateway: Gateway): void {
  // Before the database is closed, once the requests under way are finished.
  app.addHook('onClose', () => gateway.exposures?.close());
  dropOldEvents(app, gateway);
  const tickets = new FeedbackTickets(gateway.configuration);
  app.post(
    '/v1/events',
    {
      config: { callers: ['service', 'browser'], permission: 'track' },
      schema: {
        operationId: 'recordEvents',
        tags: ['events'],
        summary: 'Record measurements; answered once they are durable',
        description:
          'Services with the permission track send anything of anyone: scores, latency, cost, exposures (named exposure), ' +
          'labels of tenants (named labels, with the attribute labels). Pages send feedback alone, once for each decision. ' +
          'The ids of the events make the request repeatable, whatever its Idempotency-Key.',
        headers: writeHeaders,
        body: z.strictObject({ events: z.array(eventSchema).min(1).max(MOST) }),
        response: {
          200: z.object({
            recorded: z.number().describe('Those that are new.'),
            duplicates: z.number().describe('Those whose id was recorded before, or stands twice in the batch.'),
          }),
        },
      },
    },
    ({ principal, body: { events } }): Promise<RecordedEvents> => {
      const measurements = events.map((event) => readEvent(event, principal, tickets));
      return recorded(gateway, ({ store }) => store.recordEvents(measurements));
    },
  );
}

function readEvent(event: Event, principal: Principal, tickets: FeedbackTickets): Measurement {
  if (principal.kind === 'browser') {
    if ('decision' in event) return measurementOf(event, principal, tickets);
    throw new Refusal(403, 'forbidden', 'events: a page sends feedback on decisions, and nothing else');
  }
  if (principal.kind !== 'service') throw new Refusal(403, 'forbidden', 'events: services and pages send them');
  if ('decision' in event)
    throw new Refusal(400, 'invalid_request', 'events: a service says whom its feedback is about: send id and name');
  return ofService(event, principal);
}

function ofService(event: Exclude<Event, { decision: string }>, key: ServicePrincipal): Measurement {
  const { targetingKey: user, tenantId: tenant, at = Date.now(), ...rest } = event;
  for (const flag of [rest.flag, rest.change]) {
    if (flag !== undefined && !key.mayAsk(flag))
      throw new Refusal(403, 'forbidden', 'events: this key does not cover the flag of an event');
  }
  return { ...rest, at, user, tenant, source: `service:${key.name}` };
}
