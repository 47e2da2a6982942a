import type { ControlStore, StoreOptions } from './control-store.js';

/**
 * Opens the store. Nothing is connected or created yet: the first call does it.
 *
 * @throws ControlInputError for an address, a secret or a number that can't be used
 */
export function openStore(_options: StoreOptions): ControlStore {
  throw new Error('not built yet');
}
