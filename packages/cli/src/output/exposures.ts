import type { SubjectExposures } from '@rampart/sdk/operator';
import { oneLine, renderTable } from './table.js';

/** One row for each tenant and variant, with the number of its users. */
export function renderTenants(subjects: readonly SubjectExposures[]): string {
  const tenants = new Map<string, SubjectExposures[]>();
  for (const subject of subjects) {
    const key = JSON.stringify([subject.tenant, subject.variant]);
    const group = tenants.get(key);
    if (group === undefined) tenants.set(key, [subject]);
    else group.push(subject);
  }
  const rows = [...tenants.values()].map((group) => [
    shown(group[0]?.tenant),
    shown(group[0]?.variant),
    usersOf(group),
    ...timesOf(group),
  ]);
  return `${renderTable(['TENANT', 'VARIANT', 'USERS', ...TIMES], rows).join('\n')}\n`;
}

/** One row for each tenant, user and variant. */
export function renderSubjects(subjects: readonly SubjectExposures[]): string {
  const rows = subjects.map((subject) => [
    shown(subject.tenant),
    shown(subject.user),
    shown(subject.variant),
    ...timesOf([subject]),
  ]);
  return `${renderTable(['TENANT', 'USER', 'VARIANT', ...TIMES], rows).join('\n')}\n`;
}

const TIMES = ['EXPOSURES', 'FIRST', 'LAST'];

function timesOf(group: readonly SubjectExposures[]): readonly string[] {
  const count = group.reduce((sum, subject) => sum + subject.count, 0);
  const first = group.reduce((least, subject) => Math.min(least, subject.first), Number.POSITIVE_INFINITY);
  const last = group.reduce((most, subject) => Math.max(most, subject.last), 0);
  return [String(count), new Date(first).toISOString(), new Date(last).toISOString()];
}

/** How many users, and whether there are exposures that name none. */
function usersOf(group: readonly SubjectExposures[]): string {
  const named = group.filter(({ user }) => user !== undefined).length;
  if (named === group.length) return String(named);
  return named === 0 ? NONE : `${named} and ${NONE}`;
}

const NONE = '(not named)';

const shown = (text: string | undefined): string => (text === undefined ? NONE : oneLine(text));
