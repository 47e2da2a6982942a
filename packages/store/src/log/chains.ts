import { StoreError } from '../api/store-error.js';
import type { SignedHead } from '../api/verification.js';
import type { Settings } from '../database/settings.js';
import { type Chain, createChain, timingSafeEqualText } from './chain.js';

/** The secrets of a process: the option `secret` and the accepted ones. */
export interface Keyring {
  /** Chain of the option `secret`, which begins a log and is the target of a rotation. */
  readonly own: Chain;
  /** Every chain that may have signed a log, the own one first. */
  all(): readonly Chain[];
  /** The chain with this key check; undefined for a secret that this process doesn't have. */
  find(keyCheck: string): Chain | undefined;
  /** Whether a key check belongs to the option `secret`. */
  isOwn(keyCheck: string): boolean;
  /**
   * The chain with the key check of the head. The log names the signing secret, so all processes switch at the same entry.
   *
   * @throws StoreError `refused` for a secret that this process doesn't have
   */
  require(keyCheck: string): Chain;
  /** Whether one of the secrets signed a head. */
  isSigned(head: SignedHead): boolean;
}

export function createChains({ secret, acceptedSecrets, address }: Settings): Keyring {
  const own = createChain(secret);
  const accepted = acceptedSecrets.map(createChain);
  let legacy: { readonly own: readonly Chain[]; readonly accepted: readonly Chain[] } | undefined;
  const legacyChains = () => {
    legacy ??= { own: legacyForms(secret), accepted: acceptedSecrets.flatMap(legacyForms) };
    return legacy;
  };
  const all = () => [own, ...accepted, ...legacyChains().own, ...legacyChains().accepted];
  const withCheck = (keyCheck: string) => (chain: Chain) => timingSafeEqualText(chain.keyCheck(), keyCheck);
  const find = (keyCheck: string) => [own, ...accepted].find(withCheck(keyCheck)) ?? all().find(withCheck(keyCheck));
  return {
    own,
    all,
    find,
    isOwn: (keyCheck) => [own, ...legacyChains().own].some(withCheck(keyCheck)),
    require(keyCheck) {
      const chain = find(keyCheck);
      if (chain !== undefined) return chain;
      throw new StoreError(
        'refused',
        `${address.redactedUrl}: its control log is signed with another secret. Set RAMPART_SECRET (option secret) to that one, ` +
          'or, while secrets are rotated, add it to RAMPART_ACCEPTED_SECRETS (option acceptedSecrets)',
      );
    },
    isSigned: (head) => all().some((chain) => chain.isSigned(head)),
  };
}

/**
 * Variants of a secret that older versions used: they kept its final line break, and the command line trimmed it. Logs that began with
 * such a variant continue with it.
 */
function legacyForms(secret: string): readonly Chain[] {
  return [...new Set([`${secret}\n`, `${secret}\r\n`, secret.trim()])]
    .filter((form) => form !== secret)
    .map(createChain);
}
