import { setTimeout as pause } from 'node:timers/promises';
import type { JsonValue } from '@rampart/core';
import type { FlagChangeEvent, FlagEditLog } from '@rampart/store';
import type { AdminClient, AdminEvent } from '@rampart/unleash/admin';
import { messageOf } from './until-held.js';

/** Options of {@link createFlagEditReader}. */
export interface FlagEditReaderOptions {
  readonly store: FlagEditLog;
  readonly admin: Pick<AdminClient, 'events'>;
  /** Names the Unleash: its events are counted by their numbers within this name, so it has to stay the same. */
  readonly server: string;
  /** Why the edit of this event was made, where the caller knows. @default `none given` for each */
  readonly reasonOf?: ((event: number) => string | undefined) | undefined;
}

/** Options of {@link FlagEditReader.follow}. */
export interface FollowOptions {
  /** Pause between two readings, in ms. @default 5000 */
  readonly interval?: number | undefined;
  readonly signal: AbortSignal;
  /** Told how many edits were new, after each reading that found some. */
  readonly onEdits?: ((count: number) => void) | undefined;
  /** Told why a reading failed; there will be another one. */
  readonly onFailure?: ((error: string) => void) | undefined;
}

/** Copies flag edits from Unleash's event log into the control log, each exactly once. */
export interface FlagEditReader {
  /** Reads up to the newest event. Resolves with how many edits were new. */
  readOnce(): Promise<number>;
  /** Reads again and again. Resolves when the signal says that it was enough; never rejects. */
  follow(options: FollowOptions): Promise<void>;
}

/** Events that are asked for at a time: their numbers have to fit into an address. */
const WINDOW = 500;
/** Events before the last known one that are read again: one that commits late has a lower number than its successors. */
const TRAIL = 500;
const DEFAULT_INTERVAL = 5_000;

/** Makes a reader. Several may read one Unleash at once, also into one store. */
export function createFlagEditReader({ store, admin, server, reasonOf }: FlagEditReaderOptions): FlagEditReader {
  // Events that are about no flag are recorded nowhere, and would be read again each time.
  let through = 0;
  const readOnce = async (): Promise<number> => {
    const [newest] = await admin.events.list({ limit: 1 });
    if (newest === undefined) return 0;
    const known = Math.max(through, (await store.lastFlagEdit(server)) ?? 0);
    let count = 0;
    // Ascending, so that what is recorded never has a hole, wherever this ends.
    for (let from = Math.max(1, known - TRAIL + 1); from <= newest.id; from += WINDOW) {
      const ids = Array.from({ length: Math.min(WINDOW, newest.id - from + 1) }, (_, index) => from + index);
      const events = await admin.events.list({ ids, limit: ids.length });
      const edits = events.flatMap(editOf).map((edit) => ({ ...edit, reason: reasonOf?.(edit.event) }));
      if (edits.length > 0) count += await store.recordFlagEdits(server, edits);
    }
    through = newest.id;
    return count;
  };
  return { readOnce, follow: (options) => follow(readOnce, options) };
}

async function follow(readOnce: () => Promise<number>, options: FollowOptions): Promise<void> {
  const { interval = DEFAULT_INTERVAL, signal, onEdits, onFailure } = options;
  while (!signal.aborted) {
    try {
      const count = await readOnce();
      if (count > 0) onEdits?.(count);
    } catch (error) {
      onFailure?.(messageOf(error));
    }
    await pause(interval, undefined, { signal }).catch(() => {});
  }
}

function editOf(event: AdminEvent): readonly FlagChangeEvent[] {
  const { id, type, createdBy, createdAt, featureName, environment, project, data, preData } = event;
  if (featureName === undefined) return [];
  const where = { flag: featureName, environment, project };
  const what = { before: asJson(preData), after: asJson(data) };
  return [{ event: id, type, ...where, actor: createdBy || 'unknown', at: Date.parse(createdAt), ...what }];
}

const asJson = (value: unknown): JsonValue | undefined =>
  value === null ? undefined : (value as JsonValue | undefined);
