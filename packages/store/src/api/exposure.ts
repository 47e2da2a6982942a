/** Maximum number of exposures that one page reads. */
export const MAX_EXPOSURES_PER_PAGE = 5_000;

/** Filters of the exposures of a change; all of them apply. */
export interface ExposureQuery {
  /** Flag of the change, e.g. `ai.support-copilot.prompt-v18`. */
  readonly change: string;
  readonly variant?: string | undefined;
  readonly tenant?: string | undefined;
  /** Needs `tenant`. */
  readonly user?: string | undefined;
  /** Happened at or after, in ms since 1970. */
  readonly from?: number | undefined;
  /** Happened before, in ms since 1970. */
  readonly to?: number | undefined;
  /** The `next` of the previous page. @default the beginning */
  readonly after?: string | undefined;
  /**
   * Maximum number of exposures of the change that the page reads, 1 to 5000, before the filters `variant`, `tenant` and `user`.
   * @default 5000
   */
  readonly limit?: number | undefined;
}

/** A subject's exposures to one variant of a change. */
export interface SubjectExposures {
  /** Undefined for exposures without a tenant. */
  readonly tenant?: string | undefined;
  /** Undefined for exposures without a user. */
  readonly user?: string | undefined;
  /** Undefined for decisions without a variant. */
  readonly variant?: string | undefined;
  /** Time of the first exposure in ms since 1970. */
  readonly first: number;
  /** Time of the last exposure in ms since 1970. */
  readonly last: number;
  /** Number of exposures. */
  readonly count: number;
}

/** Subjects of one page by their first exposure in it. A subject may be on several pages: sum its counts. */
export interface ExposurePage {
  readonly subjects: readonly SubjectExposures[];
  /** The `after` of the next page, also after an empty page; undefined at the last exposure of the change. */
  readonly next?: string | undefined;
}
