import type { Finding } from '../api/verification.js';
import type { Chain, EntryRow } from '../log/chain.js';

/** An entry whose mac doesn't fit where it stands. */
export interface Suspect {
  readonly row: EntryRow;
  /** Of the secret that signs where it stands. */
  readonly chain: Chain;
  readonly mac: string;
  /** The mac of the entry before it. */
  readonly previous: string;
}

/** Tells entries that were moved from those that were edited, and both from those that only stand behind one. */
export function misplaced(suspects: readonly Suspect[]): readonly Finding[] {
  const places = suspects.map((suspect) => ({ suspect, place: placeOf(suspect, suspects) }));
  const guilty = places.filter(({ suspect, place }) => place !== suspect.row.position);
  const moved = guilty.filter(({ place }) => place !== undefined);
  const [first] = guilty;
  // All moved up by the same number, but the first, whose predecessor is gone: something was taken out before it.
  if (
    first !== undefined &&
    moved.length > 1 &&
    moved.every(({ suspect, place }) => (place ?? 0) > suspect.row.position)
  ) {
    const at = first.suspect.row.position;
    return [finding('deleted', at, `an entry was taken out at ${at}, and those after it renumbered`)];
  }
  return guilty.map(({ suspect: { row }, place }) =>
    place === undefined
      ? finding('edited', row.position, `entry ${row.position} was edited`)
      : finding('reordered', row.position, `entry ${row.position} stood at ${place}`),
  );
}

/** Where an entry was written; undefined where it fits nowhere. */
function placeOf({ row, chain, mac }: Suspect, suspects: readonly Suspect[]): number | undefined {
  // The last: what the mac of an entry would be, had somebody not edited just that.
  const predecessors = new Set(
    suspects.flatMap((other) => [other.previous, other.mac, chain.mac(other.previous, other.row)]),
  );
  const positions = new Set([row.position, ...suspects.map((other) => other.row.position), row.position + 1]);
  for (const position of positions) {
    for (const previous of predecessors) {
      if (chain.mac(previous, { ...row, position }) === mac) return position;
    }
  }
  // Its contents may have been moved without its mac.
  const home = suspects.find(
    (other) => other.row.position !== row.position && isAtHome(chain, row, other, predecessors),
  );
  return home?.row.position;
}

function isAtHome(
  chain: Chain,
  row: EntryRow,
  { row: { position }, mac }: Suspect,
  predecessors: ReadonlySet<string>,
): boolean {
  return [...predecessors].some((previous) => chain.mac(previous, { ...row, position }) === mac);
}

function finding(kind: Finding['kind'], position: number, message: string): Finding {
  return { kind, position, message };
}
