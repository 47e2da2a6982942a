import type { FlagSnapshot } from '@rampart/core';
import type { AiAnswer, PlainAnswer } from '@rampart/sdk';
import type { Principal } from '../access/principal.js';
import { AnswerCache } from '../decisions/answer-cache.js';
import type { FeedbackTickets } from '../decisions/feedback-ticket.js';
import { isSameAi, isSamePlain } from '../decisions/same-answer.js';
import { type AskedKey, browserEntry, type Failure, ownType, plainEntry, type Success } from './entry.js';
import { beginningOf, endOf } from './service-text.js';
import { isHidden, isVisible } from './visible.js';

/** Writes what a bulk answer lists for a caller. */
export class BulkWriter {
  readonly #tickets: FeedbackTickets;
  /** Each after a comma. As bytes: joining those costs a fifth of joining and encoding texts. */
  readonly #texts = new AnswerCache<Buffer>();

  constructor(tickets: FeedbackTickets) {
    this.#tickets = tickets;
  }

  /** The members of a list, as JSON in pieces. The answers are all about one user. */
  write(principal: Principal, snapshot: FlagSnapshot, answers: readonly (AiAnswer | PlainAnswer)[]): readonly Buffer[] {
    const list: Buffer[] = [];
    let end: Buffer | undefined;
    for (const answer of answers) {
      if (!isVisible(principal, snapshot, answer.name)) continue;
      if (answer.kind === 'plain') list.push(this.#texts.once(snapshot, answer, isSamePlain, ofPlain));
      else if (principal.kind === 'service') {
        end ??= Buffer.from(endOf(answer.subject.userId));
        list.push(this.#texts.once(snapshot, answer, isSameAi, ofAi), end);
      } else if (!isHidden(answer, snapshot)) this.#addForPage(list, principal, answer);
    }
    if (list[0] !== undefined) list[0] = list[0].subarray(','.length);
    return list;
  }

  #addForPage(list: Buffer[], principal: Principal, answer: AiAnswer): void {
    const { name, flagKind } = answer;
    const feedback = flagKind === 'feature' ? feedbackFor(principal, answer, this.#tickets) : undefined;
    const entries = [browserEntry(named(name), answer, feedback)];
    if (flagKind === 'feature')
      entries.push(browserEntry({ key: `${name}:object`, name, type: 'object' }, answer, feedback));
    list.push(Buffer.from(`,${textOf(entries)}`));
  }
}

const ofPlain = (answer: PlainAnswer): Buffer => Buffer.from(`,${textOf(plainEntries(answer))}`);
const ofAi = (answer: AiAnswer): Buffer => Buffer.from(`,${beginningOf(answer)}`);

// A page asks nothing again: whoever wants to know whether a flag with a payload is on finds that beside it.
function plainEntries(answer: PlainAnswer): readonly (Success | Failure)[] {
  const entry = plainEntry(named(answer.name), answer);
  if (ownType(answer) === 'boolean') return [entry];
  return [entry, plainEntry({ key: `${answer.name}:boolean`, name: answer.name, type: 'boolean' }, answer)];
}

function textOf(entries: readonly (Success | Failure)[]): string {
  return entries.map((entry) => JSON.stringify(entry)).join();
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
