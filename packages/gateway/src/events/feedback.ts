import type { Measurement } from '@rampart/sdk';
import type { BrowserPrincipal } from '../access/principal.js';
import type { FeedbackTickets } from '../decisions/feedback-ticket.js';
import { Refusal } from '../service/refusal.js';

/** What a page says of a decision that it was given. */
export interface Feedback {
  readonly decision: string;
  readonly helpful: boolean;
  readonly comment?: string | undefined;
}

/**
 * What is recorded of it: about the decision, by the user it was given to, once.
 *
 * @throws Refusal 403 for a ticket that is not ours, too old, or was given to somebody else
 */
export function measurementOf(
  { decision, helpful, comment }: Feedback,
  { name, identity }: BrowserPrincipal,
  tickets: FeedbackTickets,
): Measurement {
  const ticket = tickets.verify(decision);
  const isTheirs = identity !== undefined && ticket?.tenant === identity.tenantId && ticket?.user === identity.userId;
  if (ticket === undefined || !isTheirs || ticket.user === undefined)
    throw new Refusal(
      403,
      'invalid_ticket',
      'events: the ticket of a decision is too old, or was given to somebody else',
    );
  const { nonce, feature: flag, change, variant, tenant, user } = ticket;
  return {
    id: `feedback.${nonce}`,
    name: 'feedback',
    at: Date.now(),
    value: helpful ? 1 : 0,
    // A user is found by the tenant, or not at all.
    ...(tenant !== undefined && { tenant, user }),
    flag,
    change,
    variant,
    attributes: { helpful, ...(comment !== undefined && { comment }) },
    source: `browser:${name}`,
  };
}
