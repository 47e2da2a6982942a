import type { FlagSnapshot } from '@rampart/core';
import type { AiAnswer, PlainAnswer } from '@rampart/sdk';
import type { Principal } from '../access/principal.js';
import type { FeedbackTickets } from '../decisions/feedback-ticket.js';
import { type AskedKey, browserEntry, type Failure, ownType, plainEntry, type Success, serviceEntry } from './entry.js';
import { isVisible } from './visible.js';

type Entry = Success | Failure;

/** What a bulk answer lists for a caller. */
export function bulkEntries(
  principal: Principal,
  snapshot: FlagSnapshot,
  answers: readonly (AiAnswer | PlainAnswer)[],
  tickets: FeedbackTickets,
): Entry[] {
  const entries: Entry[] = [];
  for (const answer of answers) {
    if (!isVisible(principal, snapshot, answer.name)) continue;
    if (answer.kind === 'plain') addPlain(entries, answer);
    else if (principal.kind === 'service') entries.push(serviceEntry(named(answer.name), answer));
    else addForPage(entries, principal, answer, tickets);
  }
  return entries;
}

// A page asks nothing again: whoever wants to know whether a flag with a payload is on finds that beside it.
function addPlain(entries: Entry[], answer: PlainAnswer): void {
  entries.push(plainEntry(named(answer.name), answer));
  if (ownType(answer) === 'boolean') return;
  entries.push(plainEntry({ key: `${answer.name}:boolean`, name: answer.name, type: 'boolean' }, answer));
}

function addForPage(entries: Entry[], principal: Principal, answer: AiAnswer, tickets: FeedbackTickets): void {
  const { name, flagKind, decision } = answer;
  if (flagKind === 'change' && !decision.enabled) return;
  const feedback = flagKind === 'feature' ? feedbackFor(principal, answer, tickets) : undefined;
  entries.push(browserEntry(named(name), answer, feedback));
  if (flagKind === 'feature')
    entries.push(browserEntry({ key: `${name}:object`, name, type: 'object' }, answer, feedback));
}

/** A ticket for whoever is known and was given something to say something of. */
export function feedbackFor(
  principal: Principal,
  { decision, subject }: AiAnswer,
  tickets: FeedbackTickets,
): string | undefined {
  const { enabled, feature, change, variant } = decision;
  if (principal.kind !== 'browser' || principal.identity === undefined || !enabled || feature === undefined)
    return undefined;
  return tickets.make({ feature, change, variant, tenant: subject.tenantId, user: subject.userId });
}

function named(name: string): AskedKey {
  return { key: name, name, type: undefined };
}
