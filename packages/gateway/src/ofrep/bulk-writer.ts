import type { Decision, FlagSnapshot, PlainVariant } from '@rampart/core';
import type { AiAnswer, PlainAnswer } from '@rampart/sdk';
import type { Principal } from '../access/principal.js';
import type { FeedbackTickets } from '../decisions/feedback-ticket.js';
import { type AskedKey, browserEntry, type Failure, ownType, plainEntry, type Success, serviceEntry } from './entry.js';
import { isVisible } from './visible.js';

/** A flag's answer, and its text. */
interface Written {
  readonly answer: AiAnswer | PlainAnswer;
  readonly text: string;
}

/** How parts of a decision are compared: by themselves, by what is in them, or not at all, as a boolean answer has none of them. */
const COMPARED: Readonly<Record<keyof Decision, 'itself' | 'members' | 'absent'>> = {
  outcome: 'itself',
  enabled: 'itself',
  gate: 'itself',
  detail: 'itself',
  feature: 'itself',
  change: 'itself',
  variant: 'itself',
  stage: 'itself',
  mode: 'itself',
  route: 'itself',
  review: 'itself',
  fallback: 'itself',
  disclosure: 'itself',
  message: 'itself',
  bands: 'members',
  paywall: 'members',
  limits: 'members',
  revisions: 'members',
  binding: 'absent',
  shadow: 'absent',
};
const namesOf = (how: 'itself' | 'members') =>
  (Object.keys(COMPARED) as (keyof Decision)[]).filter((name) => COMPARED[name] === how);
const [THEMSELVES, MEMBERS] = [namesOf('itself'), namesOf('members')];

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

  /** A list, as JSON. */
  write(principal: Principal, snapshot: FlagSnapshot, answers: readonly (AiAnswer | PlainAnswer)[]): string {
    if (this.#snapshot !== snapshot) this.#written = new Map();
    this.#snapshot = snapshot;
    let list = '';
    for (const answer of answers) {
      if (!isVisible(principal, snapshot, answer.name)) continue;
      const text = answer.kind === 'plain' ? this.#plain(answer) : this.#ai(principal, answer);
      if (text !== '') list = list === '' ? text : `${list},${text}`;
    }
    return `[${list}]`;
  }

  #plain(answer: PlainAnswer): string {
    return this.#once(answer, isSame, () => textOf(plainEntries(answer)));
  }

  // Whom it is about is all that differs from user to user, and comes last.
  #forService(answer: AiAnswer): string {
    const { name, subject } = answer;
    const anyone = { ...answer, subject: { ...subject, userId: undefined } };
    const text = this.#once(answer, isSameDecision, () => JSON.stringify(serviceEntry(named(name), anyone)));
    const { userId } = subject;
    return userId === undefined ? text : `${text.slice(0, -2)},"contextId":${JSON.stringify(userId)}}}`;
  }

  #once<Kind extends AiAnswer | PlainAnswer>(
    answer: Kind,
    isTheSame: (one: Kind, other: Kind) => boolean,
    make: () => string,
  ): string {
    const written = this.#written.get(answer.name) ?? [];
    // A flag is of one kind as long as its snapshot is.
    for (const known of written) if (isTheSame(known.answer as Kind, answer)) return known.text;
    const text = make();
    this.#written.set(answer.name, [{ answer, text }, ...written.slice(0, MOST_ANSWERS - 1)]);
    return text;
  }

  #ai(principal: Principal, answer: AiAnswer): string {
    const { name, flagKind, decision } = answer;
    if (principal.kind === 'service') return this.#forService(answer);
    if (flagKind === 'change' && !decision.enabled) return '';
    if (flagKind !== 'feature') return JSON.stringify(browserEntry(named(name), answer, undefined));
    const feedback = feedbackFor(principal, answer, this.#tickets);
    const typed: AskedKey = { key: `${name}:object`, name, type: 'object' };
    return textOf([browserEntry(named(name), answer, feedback), browserEntry(typed, answer, feedback)]);
  }
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
function isSame({ enabled, reason, variant: one }: PlainAnswer, other: PlainAnswer): boolean {
  const { variant } = other;
  return (
    enabled === other.enabled &&
    reason === other.reason &&
    one.name === variant.name &&
    one.enabled === variant.enabled &&
    hasSamePayload(one, variant)
  );
}

export function hasSamePayload({ payload: one }: PlainVariant, { payload: other }: PlainVariant): boolean {
  return one?.value === other?.value && one?.type === other?.type;
}

/** Whether a service would be told the same of two decisions on a flag, but for whom they are about. */
function isSameDecision(one: AiAnswer, other: AiAnswer): boolean {
  if (one.reason !== other.reason || one.flagKind !== other.flagKind) return false;
  for (const name of THEMSELVES) if (one.decision[name] !== other.decision[name]) return false;
  for (const name of MEMBERS)
    if (!isShallowlyEqual(one.decision[name] as Members, other.decision[name] as Members)) return false;
  return true;
}

type Members = Readonly<Record<string, unknown>> | undefined;

function isShallowlyEqual(one: Members, other: Members): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  for (const name in one) if (one[name] !== other[name]) return false;
  for (const name in other) if (!(name in one)) return false;
  return true;
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
