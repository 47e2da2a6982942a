/** What a state looks like to whoever reads it, e.g. `opt_in 17`. No two states of a subject look the same, but for {@link NOTHING}. */
export type Appearance = string;

/** Before the first change, and where a kill has been revived. */
export const NOTHING: Appearance = 'nothing';

/** The subject under which everything is recorded that is no tenant's own. */
export const KILL = 'kill';

/** One change of one subject. All times are milliseconds of the driver's monotonic clock. */
export interface Change {
  /** A tenant, or {@link KILL}. */
  readonly subject: string;
  readonly appearance: Appearance;
  readonly requestedAt: number;
  /** When the writer's acknowledgement had arrived; undefined while there is none. It may be in force all the same. */
  acknowledgedAt: number | undefined;
  /** Names the state that it made; known once it is acknowledged. */
  revision: string | undefined;
}

/** What an answer showed of one subject. */
export interface Sight {
  readonly subject: string;
  readonly appearance: Appearance;
}

/** One question to one reader. */
export interface Question {
  readonly id: number;
  readonly reader: number;
  readonly tenant: string;
  /** `wait`: through OpenFeature, which fetches what is missing; `now`: what is at hand. */
  readonly how: 'wait' | 'now';
  readonly askedAt: number;
  /** The change whose revision the question carried: the answer must be at least as fresh. */
  readonly atLeast?: Change | undefined;
}

/** What a reader answered. */
export interface Answer {
  readonly question: Question;
  readonly answeredAt: number;
  /** Undefined: it did not know, and was closed. */
  readonly sights: readonly Sight[] | undefined;
  /** What is wrong with the answer by itself, e.g. open although it knew nothing. */
  readonly problem?: string | undefined;
}

/** All that happened, in the order in which the driver saw it. */
export interface History {
  /** Of one subject, a change is requested only after the one before was acknowledged. */
  readonly changes: readonly Change[];
  readonly answers: readonly Answer[];
  /** Asked, and not answered. */
  readonly unanswered: readonly Question[];
}
