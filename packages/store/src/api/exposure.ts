/** Most exposures that one page reads. */
export const MAX_EXPOSURES_PER_PAGE = 5_000;

/** Which exposures of a change to read; every part narrows. */
export interface ExposureQuery {
  /** The change's flag, by its full name, e.g. `ai.support-copilot.prompt-v18`. */
  readonly change: string;
  readonly variant?: string | undefined;
  readonly tenant?: string | undefined;
  /** Needs `tenant`. */
  readonly user?: string | undefined;
  /** Happened at or after, in ms since 1970. */
  readonly from?: number | undefined;
  /** Happened before, in ms since 1970. */
  readonly to?: number | undefined;
  /** `next` of the page before. @default the beginning */
  readonly after?: string | undefined;
  /**
   * Most exposures of the change that the page reads, 1 to 5000, whether or not they match `variant`, `tenant` and `user`.
   * @default 5000
   */
  readonly limit?: number | undefined;
}

/** A subject's exposures to one variant of a change. */
export interface SubjectExposures {
  /** Undefined where the exposure names no tenant. */
  readonly tenant?: string | undefined;
  /** Undefined where the exposure names no user. */
  readonly user?: string | undefined;
  /** Undefined where the decision had no variant. */
  readonly variant?: string | undefined;
  /** When the first one happened, in ms since 1970. */
  readonly first: number;
  /** When the last one happened, in ms since 1970. */
  readonly last: number;
  /** How many were recorded. */
  readonly count: number;
}

/** Subjects of one page by their first exposure in it. A subject may be on several pages: add its counts up. */
export interface ExposurePage {
  readonly subjects: readonly SubjectExposures[];
  /** The `after` of the next page, also of an empty one; undefined where no more exposures of the change follow. */
  readonly next?: string | undefined;
}
