import type { Finding, SignedHead } from '../api/verification.js';
import type { LockedHead } from '../database/sql-dialect.js';
import type { Keyring } from '../log/chains.js';

interface Ends {
  readonly chains: Keyring;
  readonly head: LockedHead;
  readonly walk: { readonly last: number; readonly macs: ReadonlyMap<number, string>; findings(): readonly Finding[] };
  readonly exported: readonly SignedHead[];
}

/** Whether the log ends where its head says, and holds what exported heads saw. */
export function headFindings(ends: Ends): readonly Finding[] {
  return [...ownHead(ends), ...ends.exported.flatMap((head) => exportedHead(ends, head))];
}

function ownHead({ head, walk }: Ends): readonly Finding[] {
  const { position, sealed, mac } = head;
  if (walk.last < position) {
    const kind = 'cut_off';
    return [{ kind, position: walk.last + 1, message: `the log ends at ${walk.last}, its head says ${position}` }];
  }
  if (walk.last > position) {
    const message = `the head of the log says ${position}, and yet there are entries up to ${walk.last}`;
    return [{ kind: 'foreign', position: position + 1, message }];
  }
  if (sealed === 0 || walk.macs.get(sealed) === mac) return [];
  return [{ kind: 'edited', position: sealed, message: `the head of the log doesn't fit entry ${sealed}` }];
}

function exportedHead({ chains, head: own, walk }: Ends, head: SignedHead): readonly Finding[] {
  const { position, epoch, mac } = head;
  if (!chains.isSigned(head)) {
    return [
      {
        kind: 'foreign',
        position,
        message: `the head of ${position} was signed with none of the secrets that were given`,
      },
    ];
  }
  if (epoch !== own.epoch) {
    return [{ kind: 'foreign', position, message: `the head of ${position} is of another database, epoch ${epoch}` }];
  }
  if (position > walk.last) {
    return [
      {
        kind: 'cut_off',
        position: walk.last + 1,
        message: `the log ends at ${walk.last}, and was at ${position} once`,
      },
    ];
  }
  if (position === 0 || walk.macs.get(position) === mac) return [];
  if (walk.findings().some((finding) => finding.position <= position)) return [];
  return [
    {
      kind: 'cut_off',
      position,
      message: `entry ${position} is another one than it was: the log was cut before it, and went on`,
    },
  ];
}
