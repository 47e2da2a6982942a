import type { FlagSnapshot, PlainVariant } from '@rampart/core';
import type { AiAnswer, PlainAnswer } from '@rampart/sdk';
import type { Principal } from '../access/principal.js';
import type { FeedbackTickets } from '../decisions/feedback-ticket.js';
import { type AskedKey, browserEntry, type Failure, ownType, plainEntry, type Success, serviceEntry } from './entry.js';
import { isSameDecision } from './same-decision.js';
import { isVisible } from './visible.js';

/** A flag's answer, and its text, after a comma. Kept as bytes: joining those costs a fifth of joining and encoding texts. */
interface Written {
  readonly answer: AiAnswer | PlainAnswer;
  readonly bytes: Buffer;
}

/** Answers of one flag whose text is kept; a flag has a handful. */
const MOST_ANSWERS = 16;

/** Writes what a bulk answer lists for a caller. The text of a flag's answer is made once for each that there is. */
export class BulkWriter {
  readonly #tickets: FeedbackTickets;
  #snapshot: FlagSnapshot | undefined;
  #written = new Map<string, Written[]>();

  constructor(tickets: FeedbackTickets) {
    this.#tickets = tickets;
  }

  /** The members of a list, as JSON in pieces. The answers are all about one user. */
  write(principal: Principal, snapshot: FlagSnapshot, answers: readonly (AiAnswer | PlainAnswer)[]): readonly Buffer[] {
    if (this.#snapshot !== snapshot) this.#written = new Map();
    this.#snapshot = snapshot;
    const list: Buffer[] = [];
    let end: Buffer | undefined;
    for (const answer of answers) {
      if (!isVisible(principal, snapshot, answer.name)) continue;
      if (answer.kind === 'plain') list.push(this.#once(answer, isSamePlain, () => textOf(plainEntries(answer))));
      else if (principal.kind === 'service') {
        end ??= endOf(answer.subject.userId);
        list.push(
          this.#once(answer, isSameAi, () => beginningOf(answer)),
          end,
        );
      } else this.#addForPage(list, principal, answer);
    }
    const [first, ...others] = list;
    return first === undefined ? [] : [first.subarray(','.length), ...others];
  }

  #once<Kind extends AiAnswer | PlainAnswer>(
    answer: Kind,
    isTheSame: (one: Kind, other: Kind) => boolean,
    make: () => string,
  ): Buffer {
    const written = this.#written.get(answer.name) ?? [];
    // A flag is of one kind as long as its snapshot is.
    for (const known of written) if (isTheSame(known.answer as Kind, answer)) return known.bytes;
    const bytes = Buffer.from(`,${make()}`);
    this.#written.set(answer.name, [{ answer, bytes }, ...written.slice(0, MOST_ANSWERS - 1)]);
    return bytes;
  }

  #addForPage(list: Buffer[], principal: Principal, answer: AiAnswer): void {
    const { name, flagKind, decision } = answer;
    if (flagKind === 'change' && !decision.enabled) return;
    const feedback = flagKind === 'feature' ? feedbackFor(principal, answer, this.#tickets) : undefined;
    const entries = [browserEntry(named(name), answer, feedback)];
    if (flagKind === 'feature')
      entries.push(browserEntry({ key: `${name}:object`, name, type: 'object' }, answer, feedback));
    list.push(Buffer.from(`,${textOf(entries)}`));
  }
}

/** What a service is told of an AI flag, up to where the user is named: that is all that differs from user to user. */
function beginningOf(answer: AiAnswer): string {
  const anyone = { ...answer, subject: { ...answer.subject, userId: undefined } };
  return JSON.stringify(serviceEntry(named(answer.name), anyone)).slice(0, -'}}'.length);
}

/** What follows {@link beginningOf}. */
function endOf(userId: string | undefined): Buffer {
  return Buffer.from(userId === undefined ? '}}' : `,"contextId":${JSON.stringify(userId)}}}`);
}

// A page asks nothing again: whoever wants to know whether a flag with a payload is on finds that beside it.
function plainEntries(answer: PlainAnswer): readonly (Success | Failure)[] {
  const entry = plainEntry(named(answer.name), answer);
  if (ownType(answer) === 'boolean') return [entry];
  return [entry, plainEntry({ key: `${answer.name}:boolean`, name: answer.name, type: 'boolean' }, answer)];
}

function textOf(entries: readonly (Success | Failure)[]): string {
  return entries.map((entry) => JSON.stringify(entry)).join();
}

// Two rules of one flag may give one variant name different payloads.
function isSamePlain({ enabled, reason, variant: one }: PlainAnswer, other: PlainAnswer): boolean {
  const { variant } = other;
  return (
    enabled === other.enabled &&
    reason === other.reason &&
    one.name === variant.name &&
    one.enabled === variant.enabled &&
    hasSamePayload(one, variant)
  );
}

function isSameAi(one: AiAnswer, other: AiAnswer): boolean {
  return one.reason === other.reason && one.flagKind === other.flagKind && isSameDecision(one.decision, other.decision);
}

export function hasSamePayload({ payload: one }: PlainVariant, { payload: other }: PlainVariant): boolean {
  return one?.value === other?.value && one?.type === other?.type;
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
