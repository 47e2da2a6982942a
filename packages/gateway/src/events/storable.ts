import { isControlInputError, readId } from '@rampart/core';

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

/** Labels as the store takes them: all or none, because an audit that sees half of them would miss who is excluded. */
export function storableLabels(
  labels: readonly string[] | undefined,
  leave: (why: string) => void,
): readonly string[] | undefined {
  if (labels === undefined) return undefined;
  if (JSON.stringify(labels).length > LONGEST_LABELS) leave(`labels: use at most ${LONGEST_LABELS} characters as JSON`);
  else if (labels.some((label) => /[\0\p{Cs}]/u.test(label)))
    leave('labels: take away NUL characters and broken surrogate pairs');
  else return labels;
  return undefined;
}
