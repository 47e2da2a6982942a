import { isControlInputError, readId, type Subject } from '@rampart/core';

/** Most that labels may be, as JSON: the store takes 8,000 characters of attributes. */
const LONGEST_LABELS = 7_500;

/** An id as the store takes it. One that it would refuse is left out, and `leave` is told the field and the fix. */
export function storableId(field: string, id: string | undefined, leave: (why: string) => void): string | undefined {
  if (id === undefined) return undefined;
  try {
    return readId(field, id);
  } catch (error) {
    if (!isControlInputError(error)) throw error;
    leave(`${field}: ${error.fix}`);
    return undefined;
  }
}

/**
 * Labels as the store takes them: all or none, because an audit that sees half of them would miss who is excluded. `leave` is
 * told why labels that were stated are left out.
 */
export function storableLabels(
  { labels, stated }: Pick<Subject, 'labels' | 'stated'>,
  leave: (why: string) => void,
): readonly string[] | undefined {
  if (labels === undefined) {
    if (stated.labels !== undefined && stated.labels !== null)
      leave('labels: send a list of texts of letters, digits and _ - . :');
    return undefined;
  }
  if (JSON.stringify(labels).length <= LONGEST_LABELS) return labels;
  leave(`labels: use at most ${LONGEST_LABELS} characters as JSON`);
  return undefined;
}
