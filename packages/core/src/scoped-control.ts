import type { ConfidenceFloor, Kill, ModeCap } from './control.js';
import { type Bands, type Mode, minMode } from './modes.js';
import { type Covered, covering } from './scope-index.js';

const kills = covering<Kill, { readonly kill: Kill; readonly order: number }>({
  read: (kill, order) => ({ kill, order }),
  merge: (one, other) => (one.order < other.order ? one : other),
});

/** The first kill that covers a subject. */
export function firstKill(entries: readonly Kill[], asked: Covered): Kill | undefined {
  return kills(entries, asked)?.kill;
}

/** The least mode of the caps that cover a subject. */
export const minCap: (entries: readonly ModeCap[], asked: Covered) => Mode | undefined = covering({
  read: ({ mode }) => mode,
  merge: minMode,
});

/** Each threshold's highest value in the floors that cover a subject. */
export const highestFloor: (entries: readonly ConfidenceFloor[], asked: Covered) => Partial<Bands> | undefined =
  covering({
    read: ({ bands }) => bands,
    merge: (one, other) => ({
      autoAbove: Math.max(one.autoAbove ?? 0, other.autoAbove ?? 0),
      confirmFrom: Math.max(one.confirmFrom ?? 0, other.confirmFrom ?? 0),
      reviewFrom: Math.max(one.reviewFrom ?? 0, other.reviewFrom ?? 0),
    }),
  });
