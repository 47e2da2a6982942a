import { groupBy } from './group-by.js';
import { type Change, NOTHING, type Sight } from './history.js';

/** A state of one subject, and the time in which it may have been the last one. */
interface State {
  /** Ascending within its subject. */
  readonly index: number;
  /** What made it; undefined for the state before every change. */
  readonly change: Change | undefined;
  /** When it could be seen first: requested, not yet acknowledged. */
  readonly from: number;
  /** When the change after it was acknowledged; undefined while there is none. */
  readonly replacedAt: number | undefined;
}

/** All states that there were. */
export interface States {
  /** The last state that looked so and could be seen by then; undefined where there was none. */
  latest(sight: Sight, by: number): State | undefined;
  /** The state that a change made. */
  of(change: Change): State | undefined;
}

/** Reads the states off the changes, which come in the order of their requests. */
export function statesOf(changes: readonly Change[]): States {
  const all = new Map<string, Map<string, readonly State[]>>();
  const made = new Map<Change | undefined, State>();
  for (const [subject, own] of groupBy(changes, (change) => change.subject)) {
    const states = [undefined, ...own].map((change, index): State => {
      const next = own[index];
      return { index, change, from: change?.requestedAt ?? -Infinity, replacedAt: next?.acknowledgedAt };
    });
    for (const state of states) made.set(state.change, state);
    all.set(
      subject,
      groupBy(states, ({ change }) => change?.appearance ?? NOTHING),
    );
  }
  return {
    latest({ subject, appearance }, by) {
      const states = all.get(subject);
      if (states === undefined) return appearance === NOTHING ? UNCHANGED : undefined;
      return states.get(appearance)?.findLast(({ from }) => from <= by);
    },
    of: (change) => made.get(change),
  };
}

const UNCHANGED: State = { index: 0, change: undefined, from: -Infinity, replacedAt: undefined };
