/** How much the AI may do by itself, from least to most automatic. */
export const MODES = ['shadow', 'suggestion', 'confirmation', 'autonomous'] as const;
export type Mode = (typeof MODES)[number];

/** What happens to one output, from most to least automatic. */
export const ROUTES = ['auto', 'confirm', 'review', 'human'] as const;
export type Route = (typeof ROUTES)[number];

/** Confidence thresholds, each 0..1 and `autoAbove >= confirmFrom >= reviewFrom`. */
export interface Bands {
  /** Strictly above this: `auto`. */
  readonly autoAbove: number;
  /** From this on: `confirm`. */
  readonly confirmFrom: number;
  /** From this on: `review`; below: `human`. */
  readonly reviewFrom: number;
}

export const DEFAULT_BANDS: Bands = Object.freeze({ autoAbove: 0.95, confirmFrom: 0.8, reviewFrom: 0.6 });

/** The less automatic of two modes; `shadow` if one of them is not a mode. */
export function minMode(a: Mode, b: Mode): Mode {
  if (!MODES.includes(a) || !MODES.includes(b)) return 'shadow';
  return MODES.indexOf(a) <= MODES.indexOf(b) ? a : b;
}

/**
 * The stricter of two sets of thresholds: each threshold the higher of both. Missing thresholds don't count.
 * A raised threshold raises those above it, so that no output becomes more automatic than the raised one allows.
 */
export function strictestBands(bands: Bands, other: Partial<Bands>): Bands {
  const reviewFrom = Math.max(bands.reviewFrom, other.reviewFrom ?? 0);
  const confirmFrom = Math.max(bands.confirmFrom, other.confirmFrom ?? 0, reviewFrom);
  return { autoAbove: Math.max(bands.autoAbove, other.autoAbove ?? 0, confirmFrom), confirmFrom, reviewFrom };
}

const MAX_ROUTE: Readonly<Record<Mode, Route>> = {
  autonomous: 'auto',
  confirmation: 'confirm',
  suggestion: 'review',
  shadow: 'human',
};

/** The route of one output under a mode. A confidence that is not a number from 0 to 1 goes to a human. */
export function routeFor(mode: Mode, bands: Bands, confidence: unknown): Route {
  const banded = bandOf(bands, confidence);
  const max = MAX_ROUTE[mode];
  return ROUTES.indexOf(banded) >= ROUTES.indexOf(max) ? banded : max;
}

function bandOf(bands: Bands, confidence: unknown): Route {
  if (typeof confidence !== 'number' || !(confidence >= 0 && confidence <= 1)) return 'human';
  if (confidence > bands.autoAbove) return 'auto';
  if (confidence >= bands.confirmFrom) return 'confirm';
  if (confidence >= bands.reviewFrom) return 'review';
  return 'human';
}
