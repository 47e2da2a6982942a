import {
  type ExposurePage,
  type ExposureQuery,
  MAX_EXPOSURES_PER_PAGE,
  type SubjectExposures,
} from '@rampart/sdk/operator';

/** A change's exposures, added up over the pages that were read. */
export interface ExposureTotal {
  /** Each tenant, user and variant once, by the first exposure. */
  readonly subjects: readonly SubjectExposures[];
  /** Where there may be more; undefined where all were read. */
  readonly next: string | undefined;
}

/**
 * Reads pages until the end, or until `limit` exposures were read.
 *
 * @param limit most exposures to read, from 1
 */
export async function totalExposures(
  read: (query: ExposureQuery) => Promise<ExposurePage>,
  query: ExposureQuery,
  limit: number,
): Promise<ExposureTotal> {
  const subjects = new Map<string, SubjectExposures>();
  let { after } = query;
  for (let left = limit; left > 0; left -= MAX_EXPOSURES_PER_PAGE) {
    const page = await read({ ...query, after, limit: Math.min(left, MAX_EXPOSURES_PER_PAGE) });
    for (const subject of page.subjects) {
      const key = JSON.stringify([subject.tenant, subject.user, subject.variant]);
      subjects.set(key, added(subjects.get(key), subject));
    }
    after = page.next;
    if (after === undefined) break;
  }
  return { subjects: [...subjects.values()], next: after };
}

function added(before: SubjectExposures | undefined, subject: SubjectExposures): SubjectExposures {
  if (before === undefined) return subject;
  return {
    ...subject,
    first: Math.min(before.first, subject.first),
    last: Math.max(before.last, subject.last),
    count: before.count + subject.count,
  };
}
