import { groupBy } from './group-by.js';
import type { Answer, Change, History, Question, Sight } from './history.js';
import { type States, statesOf } from './states.js';

/** An answer that must not have been given. */
export interface Finding {
  readonly kind: /** The state it shows had been replaced for longer than the promise allows when the question was asked. */
    | 'stale'
    /** Nobody had asked for such a state by then. */
    | 'impossible'
    /** Older than the revision that the question carried. */
    | 'behind'
    /** It contradicts what the reader knew. */
    | 'incoherent';
  readonly reader: number;
  readonly text: string;
}

/** What all answers of a stretch of time come to. */
export interface Verdict {
  readonly questions: number;
  readonly unanswered: number;
  readonly findings: readonly Finding[];
  /** Answers that were closed because nothing fresh enough was known. */
  readonly unknown: number;
  /** The longest that one reader knew nothing, from question to question, in ms. */
  readonly longestUnknown: number;
  /** By how much the state of any answer had been replaced when its question was asked, at most, in ms. */
  readonly oldest: number;
}

/** Options of {@link judge}. */
export interface JudgeOptions {
  /** The promise, in ms. */
  readonly maxStaleness: number;
}

/** Judges every answer by when its question was asked. */
export function judge(history: History, { maxStaleness }: JudgeOptions): Verdict {
  const states = statesOf(history.changes);
  const findings: Finding[] = [];
  let oldest = 0;
  for (const answer of history.answers) {
    if (answer.problem !== undefined) findings.push(finding('incoherent', answer, answer.problem));
    for (const sight of answer.sights ?? []) {
      const age = ageOf(sight, answer, states);
      if (age === undefined)
        findings.push(finding('impossible', answer, `${shown(sight)}, which nobody had asked for`));
      else if (age > maxStaleness)
        findings.push(finding('stale', answer, `${shown(sight)}, replaced ${ms(age)} before`));
      oldest = Math.max(oldest, age ?? 0);
    }
    if (isBehind(answer, states)) findings.push(finding('behind', answer, 'older than the revision it was asked for'));
  }
  return {
    questions: history.answers.length + history.unanswered.length,
    unanswered: history.unanswered.length,
    findings,
    unknown: history.answers.filter(({ sights }) => sights === undefined).length,
    longestUnknown: longestUnknown(history.answers),
    oldest,
  };
}

/** How long ago what an answer shows had been replaced, when its question was asked; undefined where it never was. */
function ageOf(sight: Sight, { question, answeredAt }: Answer, states: States): number | undefined {
  const state = states.latest(sight, answeredAt);
  if (state === undefined) return undefined;
  return state.replacedAt === undefined ? 0 : Math.max(0, question.askedAt - state.replacedAt);
}

function isBehind({ question, sights, answeredAt }: Answer, states: States): boolean {
  const { atLeast } = question;
  const sight = sights?.find(({ subject }) => subject === atLeast?.subject);
  if (atLeast === undefined || sight === undefined) return false;
  const seen = states.latest(sight, answeredAt);
  const wanted = states.of(atLeast);
  return seen !== undefined && wanted !== undefined && seen.index < wanted.index;
}

function longestUnknown(answers: readonly Answer[]): number {
  let longest = 0;
  for (const ofReader of byReader(answers).values()) {
    let since: number | undefined;
    for (const { question, sights } of ofReader) {
      if (sights === undefined) since ??= question.askedAt;
      if (since !== undefined) longest = Math.max(longest, question.askedAt - since);
      if (sights !== undefined) since = undefined;
    }
  }
  return longest;
}

/**
 * How long after a moment every reader answered the newest state and went on knowing; undefined where one never did.
 * Measured to the answer.
 */
export function recoveredAfter(history: History, healedAt: number, readers: number): number | undefined {
  const states = statesOf(history.changes);
  const isNewest = (answer: Answer): boolean =>
    answer.sights?.every((sight) => ageOf(sight, answer, states) === 0) ?? false;
  let last = 0;
  const answers = byReader(history.answers.filter(({ question }) => question.askedAt >= healedAt));
  for (let reader = 0; reader < readers; reader += 1) {
    const ofReader = answers.get(reader) ?? [];
    const lastUnknown = ofReader.findLastIndex(({ sights }) => sights === undefined);
    const first = ofReader.slice(lastUnknown + 1).find(isNewest);
    if (first === undefined) return undefined;
    last = Math.max(last, first.answeredAt - healedAt);
  }
  return last;
}

/**
 * How long each change took to reach the last reader, in ms from its request, ascending. Only changes that every reader
 * was asked about before the next one came count; the pause between two questions is part of it.
 */
export function propagation({ changes, answers }: History, readers: number): readonly number[] {
  const states = statesOf(changes);
  const first = new Map<Change, Map<number, number>>();
  for (const { question, sights, answeredAt } of answers) {
    for (const sight of sights ?? []) {
      const change = states.latest(sight, answeredAt)?.change;
      if (change === undefined) continue;
      const seen = first.get(change) ?? new Map<number, number>();
      first.set(change, seen);
      if (!seen.has(question.reader)) seen.set(question.reader, answeredAt);
    }
  }
  return [...first]
    .filter(([, seen]) => seen.size === readers)
    .map(([{ requestedAt }, seen]) => Math.max(...seen.values()) - requestedAt)
    .sort((a, b) => a - b);
}

function byReader(answers: readonly Answer[]): ReadonlyMap<number, readonly Answer[]> {
  const all = groupBy(answers, ({ question }) => question.reader);
  for (const ofReader of all.values()) ofReader.sort((a, b) => a.question.askedAt - b.question.askedAt);
  return all;
}

function finding(kind: Finding['kind'], { question }: Answer, text: string): Finding {
  return { kind, reader: question.reader, text: `${describe(question)}: ${text}` };
}

function describe({ id, tenant, how, askedAt }: Question): string {
  return `question ${id} of ${tenant} (${how}) at ${ms(askedAt)}`;
}

function shown({ subject, appearance }: Sight): string {
  return `${subject} as ${appearance}`;
}

function ms(time: number): string {
  return `${time.toFixed(0)} ms`;
}
