/** How much the AI may do by itself, from least to most. */
export const MODES = ['shadow', 'suggestion', 'confirmation', 'autonomous'] as const;
export type Mode = (typeof MODES)[number];

/** What happens to one answer, from most to least automatic. */
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

/** The lesser of two modes; `shadow` where one of them is no mode. */
export function leastMode(a: Mode, b: Mode): Mode {
  if (!MODES.includes(a) || !MODES.includes(b)) return 'shadow';
  return MODES.indexOf(a) <= MODES.indexOf(b) ? a : b;
}

/**
 * The stricter of two sets of thresholds: each threshold the higher of both. Thresholds that are not given don't count.
 * One that is raised takes those above it along, so that no answer becomes more automatic than the raised one allows.
 */
export function strictestBands(bands: Bands, other: Partial<Bands>): Bands {
  const reviewFrom = Math.max(bands.reviewFrom, other.reviewFrom ?? 0);
  const confirmFrom = Math.max(bands.confirmFrom, other.confirmFrom ?? 0, reviewFrom);
  return { autoAbove: Math.max(bands.autoAbove, other.autoAbove ?? 0, confirmFrom), confirmFrom, reviewFrom };
}

const MOST_AUTOMATIC: Readonly<Record<Mode, Route>> = {
  autonomous: 'auto',
  confirmation: 'confirm',
  suggestion: 'review',
  shadow: 'human',
};

/** The route of one answer under a mode. A confidence that is no number in 0..1 goes to a human. */
export function routeFor(mode: Mode, bands: Bands, confidence: unknown): Route {
  const banded = bandOf(bands, confidence);
  const most = MOST_AUTOMATIC[mode];
  return ROUTES.indexOf(banded) >= ROUTES.indexOf(most) ? banded : most;
}

function bandOf(bands: Bands, confidence: unknown): Route {
  if (typeof confidence !== 'number' || !(confidence >= 0 && confidence <= 1)) return 'human';
  if (confidence > bands.autoAbove) return 'auto';
  if (confidence >= bands.confirmFrom) return 'confirm';
  if (confidence >= bands.reviewFrom) return 'review';
  return 'human';
}
