import type { ControlChange } from '@rampart/core';
import type { ControlOptions } from '@rampart/sdk';
import type { Sight } from './history.js';

/** The class of consent that is changed. */
export const FEATURE_CLASS = 'chaos';
/** The feature that is asked for, and killed. */
export const FEATURE = 'ai.chaos';

/** What a process of the fleet is told at its start, as JSON. */
export interface ProcessOptions {
  readonly control: ControlOptions;
  /** The reader goes on answering what it knew last when nothing fresh can be shown: what the judge has to find. */
  readonly sabotaged?: boolean | undefined;
}

/** To a reader. */
export type ToReader =
  | {
      readonly type: 'ask';
      readonly id: number;
      readonly tenant: string;
      readonly how: 'wait' | 'now';
      readonly revision?: string | undefined;
    }
  /** The same question so often at once. */
  | { readonly type: 'burst'; readonly id: number; readonly tenant: string; readonly count: number };

/** What a reader saw when it decided; no sights where it knew nothing. */
export interface Reply {
  readonly sights?: readonly Sight[] | undefined;
  readonly problem?: string | undefined;
}

/** From a reader. */
export type FromReader =
  | { readonly type: 'ready' }
  | ({ readonly type: 'answer'; readonly id: number } & Reply)
  /** Answers that were alike stand once. */
  | { readonly type: 'burst'; readonly id: number; readonly replies: readonly Reply[] };

/** To the writer. */
export interface ToWriter {
  readonly type: 'write';
  readonly id: number;
  readonly change: ControlChange;
}

/** From the writer. It tries again until a change is acknowledged. */
export type FromWriter =
  | { readonly type: 'ready' }
  | { readonly type: 'written'; readonly id: number; readonly revision: string };
