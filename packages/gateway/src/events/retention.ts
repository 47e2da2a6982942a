import type { App, Gateway } from '../gateway.js';
import { repeat } from '../service/repeat.js';

/** How often it is looked whether something is too old, in ms. */
const LOOK = 3_600_000;
const DAY = 86_400_000;
/** What a tenant is, said once and true until it is said anew. */
const LASTING = ['labels'];

/** Deletes measurements that are older than the configuration keeps them, as long as the gateway runs. */
export function dropOldEvents(
  app: App,
  {
    control,
    configuration: { eventDays },
    stopping,
    log,
  }: Pick<Gateway, 'control' | 'configuration' | 'stopping' | 'log'>,
): void {
  if (control === undefined) return;
  const work = async (): Promise<void> => {
    try {
      await control.ready();
      const dropped = await control.store.deleteExpiredEvents({ olderThanMs: eventDays * DAY, exceptNames: LASTING });
      if (dropped > 0) log.info(`${dropped} measurements were older than ${eventDays} days and are deleted`);
    } catch (error) {
      if (!stopping.signal.aborted) log.warn(`old measurements can't be deleted: ${(error as Error).message}`);
    }
  };
  repeat(app, { every: LOOK, atOnce: true, work });
}
