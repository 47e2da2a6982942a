import type { AdminClient } from '@rampart/unleash/admin';
import type { Workshop } from './carry-out.js';
import { type FlagOff, ledgerOf } from './flag-ledger.js';
import { toggleSince } from './flag-toggles.js';
import { messageOf } from './until-held.js';

/** Flags that are off although their kill was revived. */
export interface FlagsOff {
  readonly flags: readonly FlagOff[];
  /** Why Unleash could not be asked whether they are still off; the list is then what the control log knows. */
  readonly error?: string | undefined;
}

/** Reads the ledger, and asks Unleash which flags are still off. */
export async function readFlagsOff({ control, admin }: Pick<Workshop, 'control' | 'admin'>): Promise<FlagsOff> {
  const flags = (await ledgerOf(control.store)).filter(({ reason }) => reason !== 'killed');
  if (flags.length === 0) return { flags };
  if (admin === undefined) return { flags, error: 'no Unleash admin API: set UNLEASH_URL and UNLEASH_ADMIN_TOKEN' };
  try {
    const still = await Promise.all(flags.map((off) => isStillOff(admin, off)));
    return { flags: flags.filter((_, index) => still[index]) };
  } catch (error) {
    return { flags, error: messageOf(error) };
  }
}

/** A flag that somebody switched since is that person's decision. */
async function isStillOff(admin: AdminClient, off: FlagOff): Promise<boolean> {
  const flag = await admin.flags.find(off);
  const place = flag?.environments.find(({ name }) => name === off.environment);
  if (place === undefined || place.enabled || flag?.archived === true) return false;
  return (await toggleSince(admin, off)) === undefined;
}
