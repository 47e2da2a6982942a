const MAX_EDITS = 3;
const MAX_EDITED_SHARE = 0.4;
const MIN_CONTAINED_LENGTH = 3;

/**
 * The known names that a misspelt name probably means, nearest first: those within three single-character edits, and those
 * that contain the name or are part of it. Case, `-` and `_` don't count.
 */
export function nearestNames(name: string, known: Iterable<string>): readonly string[] {
  const wanted = comparable(name);
  return [...new Set(known)]
    .map((candidate) => ({ candidate, distance: distanceOf(wanted, comparable(candidate)) }))
    .filter(({ distance }) => distance !== undefined)
    .sort((a, b) => (a.distance ?? 0) - (b.distance ?? 0))
    .map(({ candidate }) => candidate);
}

/** `did you mean port?`, with three names at most; empty where no known name is near. */
export function nearestHint(name: string, known: Iterable<string>): string {
  const near = nearestNames(name, known).slice(0, 3);
  return near.length === 0 ? '' : `did you mean ${near.join(' or ')}?`;
}

const comparable = (name: string): string => name.toLowerCase().replace(/[-_]/g, '');

function distanceOf(name: string, candidate: string): number | undefined {
  const edits = countEdits(name, candidate);
  const longest = Math.max(name.length, candidate.length);
  if (edits <= Math.min(MAX_EDITS, Math.max(1, Math.floor(longest * MAX_EDITED_SHARE)))) return edits;
  const shortest = Math.min(name.length, candidate.length);
  const isPart = name.includes(candidate) || candidate.includes(name);
  return isPart && shortest >= MIN_CONTAINED_LENGTH ? edits : undefined;
}

/** The optimal string alignment distance: characters inserted, deleted, replaced, or swapped with their neighbour. */
function countEdits(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= from.length; row++) {
    const current: number[] = [row];
    rows.push(current);
    for (let column = 1; column <= to.length; column++) {
      const replaced = at(row - 1, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1);
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const swapped = isSwap ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY;
      current.push(Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, replaced, swapped));
    }
  }
  return at(from.length, to.length);
}
