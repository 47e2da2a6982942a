import type { Driver } from './driver.js';
import type { Pace } from './pace.js';

/** Processes and servers that faults can befall. */
export interface Scene {
  readonly driver: Driver;
  stop(): Promise<void>;
}

/** Ends a fault. Returns what was not as it should be, besides the answers. */
export type Mend = () => Promise<readonly string[]>;

/** Nothing but the answers is to be judged. */
export async function allIsWell(): Promise<readonly string[]> {
  return [];
}

/** Something that breaks. */
export interface Fault<S extends Scene = Scene> {
  /** For `--only`. */
  readonly id: string;
  /** For the table. */
  readonly name: string;
  /** From when it has begun, in ms. */
  readonly lasts: { readonly short: number; readonly full: number };
  /**
   * What is expected besides no stale answer. `answers`: no more than one answer of a hundred is unknown. `closes`: some are, or
   * the fault did not bite. `either`: it depends on the moment.
   */
  readonly expects: 'answers' | 'closes' | 'either';
  begin(scene: S, pace: Pace): Promise<Mend>;
}

/** Options of a scene. */
export interface SceneOptions {
  readonly pace: Pace;
  /** Readers that ignore that nothing can be shown fresh. @default false */
  readonly sabotaged?: boolean | undefined;
}

/** Faults that happen one after the other in one scene. */
export interface Chapter<S extends Scene = Scene> {
  readonly id: string;
  readonly title: string;
  readonly start: (options: SceneOptions) => Promise<S>;
  readonly faults: readonly Fault<S>[];
}
