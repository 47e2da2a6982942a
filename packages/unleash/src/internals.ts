import { EventEmitter } from 'node:events';
import { type Context, type Unleash, UnleashEvents } from 'unleash-client';

/** The few things that unleash-client keeps to itself and that nothing public tells; read here and nowhere else. */
interface Internals {
  readonly ready?: boolean;
  readonly staticContext?: Context;
  readonly metrics?: {
    readonly timer?: NodeJS.Timeout;
    readonly disabled?: boolean;
    increaseCounter?(name: string, enabled: boolean, times: number): void;
    increaseVariantCounter?(name: string, variant: string, times: number): void;
  };
  readonly repository?: {
    readonly connected?: boolean;
    fetch?(): Promise<void>;
    readonly fetcher?: EventEmitter & { readonly pollingFetcher?: Polling };
  };
  readonly client?: {
    isEnabled(name: string, context: Context, fallback: () => boolean): boolean;
    getVariant(name: string, context: Context): ReturnType<Unleash['getVariant']>;
    /** What both of them ask: whether a flag is on, and the variant of the strategy that let it. */
    isFeatureEnabled(
      toggle: Toggle | undefined,
      context: Context,
      fallback: () => boolean,
    ): { readonly enabled: boolean; readonly variant?: { readonly name: string; readonly payload?: Payload } };
    readonly repository: { getToggle(name: string): Toggle | undefined };
  };
}

interface Toggle {
  readonly variants?: readonly unknown[] | null;
}

interface Payload {
  readonly type: string;
  readonly value: string;
}

interface Polling {
  timer?: NodeJS.Timeout;
  timedFetch?(interval: number): void;
}

const internalsOf = (unleash: Unleash): Internals => unleash as unknown as Internals;

/** `appName` and `environment`, which every evaluation gets. */
export function staticContext(unleash: Unleash): Context {
  return internalsOf(unleash).staticContext ?? {};
}

/** Whether the instance answers from flags, and not from fallbacks. */
export function isReady(unleash: Unleash): boolean {
  return internalsOf(unleash).ready ?? false;
}

/** Whether the flags came from the server; a custom repository, which can't tell, is taken for one. */
export function isConnected(unleash: Unleash): boolean {
  return internalsOf(unleash).repository?.connected ?? true;
}

/** Fetches the flags now, as its own timer does. A custom repository may not be able to. */
export async function fetchNow(unleash: Unleash): Promise<void> {
  const { repository } = internalsOf(unleash);
  const polling = repository?.fetcher?.pollingFetcher;
  if (polling !== undefined) keepOneTimer(polling);
  await repository?.fetch?.();
}

const oneTimer = new WeakSet<Polling>();

// Each fetch ends by setting the next timer and forgets the one that runs: every extra fetch would poll on for ever.
function keepOneTimer(polling: Polling): void {
  const timedFetch = polling.timedFetch?.bind(polling);
  if (timedFetch === undefined || oneTimer.has(polling)) return;
  oneTimer.add(polling);
  polling.timedFetch = (interval) => {
    clearTimeout(polling.timer);
    timedFetch(interval);
  };
}

/** Adds usage that somebody else counted; one at a time, a large number would keep the process busy. */
export function addUsage(
  unleash: Unleash,
  name: string,
  counted: 'yes' | 'no' | { variant: string },
  times: number,
): void {
  const { metrics } = internalsOf(unleash);
  if (metrics?.disabled !== false || times === 0) return;
  if (typeof counted === 'string') metrics.increaseCounter?.(name, counted === 'yes', times);
  else metrics.increaseVariantCounter?.(name, counted.variant, times);
}

/** The inner client counts no usage. Flags named like something every object has must be asked there: the metrics bucket would write to Object.prototype. */
export function uncountedClient(unleash: Unleash): Internals['client'] {
  return internalsOf(unleash).client;
}

/** Flushing starts a timer of its own and forgets the one that runs: stopped before, none is left behind. */
export function stopMetricsTimer(unleash: Unleash): void {
  clearTimeout(internalsOf(unleash).metrics?.timer);
}

/**
 * A fetch under way outlives `destroy`, which takes the repository's listeners away: should it fail, its error would be
 * nobody's, reject unhandled and end the process. From here on errors pass only while somebody listens.
 */
export function dropLateErrors(unleash: Unleash): void {
  const { repository } = internalsOf(unleash);
  const fetcher = repository?.fetcher;
  if (!(repository instanceof EventEmitter && fetcher instanceof EventEmitter)) return;
  fetcher.removeAllListeners(UnleashEvents.Error);
  fetcher.on(UnleashEvents.Error, (error) => {
    if (repository.listenerCount(UnleashEvents.Error) > 0) repository.emit(UnleashEvents.Error, error);
  });
}
