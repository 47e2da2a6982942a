import { StoreError } from '../api/store-error.js';
import type { SignedHead } from '../api/verification.js';
import type { Settings } from '../database/settings.js';
import { type Chain, chainOf, sameText } from './chain.js';

/** The secrets of a process: the one of the option `secret`, and those that are accepted besides. */
export interface Chains {
  /** Of the option `secret`: begins a log, and a rotation changes to it. */
  readonly own: Chain;
  /** Every chain a log may have used, the own one first. */
  all(): readonly Chain[];
  /** The chain with this check; undefined for a secret that this process doesn't have. */
  find(keyCheck: string): Chain | undefined;
  /** Whether a check is that of the option `secret`. */
  isOwn(keyCheck: string): boolean;
  /**
   * The chain with the check of the head: the log itself says which secret signs, so all processes change at the same entry.
   *
   * @throws StoreError `refused` for a secret that this process doesn't have
   */
  require(keyCheck: string): Chain;
  /** Whether any of the secrets signed a head. */
  isSigned(head: SignedHead): boolean;
}

export function chainsOf({ secret, acceptedSecrets, address }: Settings): Chains {
  const own = chainOf(secret);
  const accepted = acceptedSecrets.map(chainOf);
  let former: { readonly own: readonly Chain[]; readonly accepted: readonly Chain[] } | undefined;
  const formerForms = () => {
    former ??= { own: formsOf(secret), accepted: acceptedSecrets.flatMap(formsOf) };
    return former;
  };
  const all = () => [own, ...accepted, ...formerForms().own, ...formerForms().accepted];
  const withCheck = (keyCheck: string) => (chain: Chain) => sameText(chain.keyCheck(), keyCheck);
  const find = (keyCheck: string) => [own, ...accepted].find(withCheck(keyCheck)) ?? all().find(withCheck(keyCheck));
  return {
    own,
    all,
    find,
    isOwn: (keyCheck) => [own, ...formerForms().own].some(withCheck(keyCheck)),
    require(keyCheck) {
      const chain = find(keyCheck);
      if (chain !== undefined) return chain;
      throw new StoreError(
        'refused',
        `${address.shown}: its control log is signed with another secret. Set RAMPART_SECRET (option secret) to that one, ` +
          'or, while secrets are rotated, add it to RAMPART_ACCEPTED_SECRETS (option acceptedSecrets)',
      );
    },
    isSigned: (head) => all().some((chain) => chain.isSigned(head)),
  };
}

/**
 * Older versions kept the line break at a secret's end, and the command line cut spaces off: a log that was begun with such a
 * form goes on with it.
 */
function formsOf(secret: string): readonly Chain[] {
  return [...new Set([`${secret}\n`, `${secret}\r\n`, secret.trim()])].filter((form) => form !== secret).map(chainOf);
}
