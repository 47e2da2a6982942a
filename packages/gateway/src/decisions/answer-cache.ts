import type { FlagSnapshot } from '@rampart/core';
import type { AiAnswer, PlainAnswer } from '@rampart/sdk';

type Answer = AiAnswer | PlainAnswer;

/** Answers of one flag of which something is kept; a flag has a handful. */
const MOST_ANSWERS = 16;

/** Keeps what is made of a flag's answers, once for each that there is, as long as the flags are what they are. */
export class AnswerCache<Made> {
  #snapshot: FlagSnapshot | undefined;
  #kept = new Map<string, { readonly answer: Answer; readonly made: Made }[]>();

  /** @param isSame whether the same is made of two answers of one flag */
  once<Kind extends Answer>(
    snapshot: FlagSnapshot,
    answer: Kind,
    isSame: (one: Kind, other: Kind) => boolean,
    make: (answer: Kind) => Made,
  ): Made {
    if (this.#snapshot !== snapshot) this.#kept = new Map();
    this.#snapshot = snapshot;
    const kept = this.#kept.get(answer.name) ?? [];
    // A flag is of one kind as long as its snapshot is.
    for (const known of kept) if (isSame(known.answer as Kind, answer)) return known.made;
    const made = make(answer);
    this.#kept.set(answer.name, [{ answer, made }, ...kept.slice(0, MOST_ANSWERS - 1)]);
    return made;
  }
}
