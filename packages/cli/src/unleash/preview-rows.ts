import { preview } from '@rampart/unleash/admin';
import { misused } from '../failure.js';
import type { ReadContext } from '../input/contexts.js';
import type { PlacedRow } from '../output/preview.js';
import { isEnabled, type OfflineOptions, offlineUnleash } from './offline.js';

/** What a preview tries: other `aiAccess` parameters of a feature, or the feature as the parent of an existing flag. */
export interface Trial {
  readonly feature: string;
  readonly flag: string | undefined;
  readonly set: Readonly<Record<string, string>>;
}

/** Tries a change on contexts; today's answer of an existing flag is that of Unleash's own code. */
export async function previewRows(
  trial: Trial,
  contexts: readonly ReadContext[],
  options: OfflineOptions,
): Promise<readonly PlacedRow[]> {
  const unleash = await offlineUnleash(options);
  try {
    const subjects = contexts.map(({ attributes }) => attributes);
    const rows = preview({ ...options, ...trial, subjects, isEnabled: (name, to) => isEnabled(unleash, name, to) });
    return rows.map((row, index) => ({ at: contexts[index]?.at ?? '', ...row }));
  } catch (error) {
    if (error instanceof RangeError) misused(error.message);
    throw error;
  } finally {
    unleash.destroy();
  }
}
