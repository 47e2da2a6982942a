import type { Finding, FindingKind, SignedHead } from '../api/verification.js';
import type { LockedHead } from '../database/sql-dialect.js';
import type { Keyring } from '../log/chains.js';
import type { LogVerifier } from './log-verifier.js';

interface LogHeads {
  readonly chains: Keyring;
  readonly head: LockedHead;
  readonly log: Pick<LogVerifier, 'lastPosition' | 'macs'>;
  readonly exported: readonly SignedHead[];
}

/** Compares the end of the log with its head row, and earlier entries with exported heads. */
export function headFindings(heads: LogHeads): readonly Finding[] {
  return [ownHead(heads), ...heads.exported.map((head) => exportedHead(heads, head))].flatMap((each) => each ?? []);
}

function ownHead({ head: { position, sealed, mac }, log }: LogHeads): Finding | undefined {
  const { lastPosition, macs } = log;
  if (lastPosition < position) {
    return finding('cut_off', lastPosition + 1, `the log ends at ${lastPosition}, and its head row at ${position}`);
  }
  if (lastPosition > position) {
    return finding(
      'foreign',
      position + 1,
      `the log has entries up to ${lastPosition}, and its head row ends at ${position}`,
    );
  }
  if (sealed === 0 || macs.get(sealed) === mac) return undefined;
  return finding('edited', sealed, `the head row of the log doesn't match entry ${sealed}`);
}

function exportedHead({ chains, head: own, log }: LogHeads, head: SignedHead): Finding | undefined {
  const { position, epoch, mac } = head;
  const { lastPosition, macs } = log;
  if (!chains.isSigned(head)) {
    return finding(
      'foreign',
      position,
      `the exported head of ${position} is signed with none of the configured secrets`,
    );
  }
  if (epoch !== own.epoch) {
    return finding('foreign', position, `the exported head of ${position} is of another database, epoch ${epoch}`);
  }
  if (position > lastPosition) {
    return finding('cut_off', lastPosition + 1, `the log ends at ${lastPosition}, and an exported head at ${position}`);
  }
  if (position === 0 || macs.get(position) === mac) return undefined;
  const message = `entry ${position} is not the one of the exported head: the log was cut off before it, and continued`;
  return finding('cut_off', position, message);
}

function finding(kind: FindingKind, position: number, message: string): Finding {
  return { kind, position, message };
}
