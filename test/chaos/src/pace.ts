import type { Tempo } from './driver.js';

/** How long and how fast a run is. All in ms. */
export interface Pace {
  readonly form: 'short' | 'full';
  /** The promise that is tested. */
  readonly maxStaleness: number;
  readonly pollInterval: number;
  readonly tempo: Tempo;
  /** How long answers are looked at before each fault. */
  readonly healthy: number;
  /** How long they are looked at after the recovery. */
  readonly after: number;
}

export const PACES: Readonly<Record<Pace['form'], Pace>> = {
  // The promise is shorter so that each fault outlasts it soon.
  short: {
    form: 'short',
    maxStaleness: 2_000,
    pollInterval: 500,
    tempo: { askEvery: 20, changeEvery: 30 },
    healthy: 500,
    after: 300,
  },
  full: {
    form: 'full',
    maxStaleness: 5_000,
    pollInterval: 1_000,
    tempo: { askEvery: 10, changeEvery: 30 },
    healthy: 5_000,
    after: 6_000,
  },
};
