import type { AdminClient, AdminEvent } from '@rampart/unleash/admin';
import { isAdminApiError } from '@rampart/unleash/admin';
import type { FlagPlace } from './report.js';

const ENABLED = 'feature-environment-enabled';
const DISABLED = 'feature-environment-disabled';
/** Newest events of a flag that are read. */
const EVENTS = 100;

/**
 * The event that switched a flag off just now. Undefined where Unleash's log can't be read or doesn't show it yet: the
 * switch-off itself never depends on it.
 */
export async function eventOfSwitchOff(admin: AdminClient, place: FlagPlace): Promise<number | undefined> {
  try {
    const [newest] = await togglesOf(admin, place);
    return newest?.type === DISABLED ? newest.id : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The newest event by which somebody switched a flag on or off after the event that a place names. Undefined where there is
 * none, where the place names no event, and where the token may not read Unleash's log.
 */
export async function toggleSince(admin: AdminClient, place: FlagPlace): Promise<AdminEvent | undefined> {
  const { event } = place;
  if (event === undefined) return undefined;
  try {
    return (await togglesOf(admin, place)).find(({ id }) => id > event);
  } catch (error) {
    if (isAdminApiError(error) && (error.kind === 'refused' || error.kind === 'not_found')) return undefined;
    throw error;
  }
}

async function togglesOf(admin: AdminClient, { flag, environment }: FlagPlace): Promise<readonly AdminEvent[]> {
  const events = await admin.events.list({ feature: flag, limit: EVENTS });
  return events.filter(
    (event) => event.environment === environment && (event.type === ENABLED || event.type === DISABLED),
  );
}
