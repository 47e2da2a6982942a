import { EventEmitter } from 'node:events';
import { type Context, type Unleash, UnleashEvents } from 'unleash-client';

/** The private members of unleash-client that have no public equivalent; only this file reads them. */
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
    /** The evaluation behind both: whether a flag is on, and the variant of the matching strategy. */
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

/** `appName` and `environment`, part of every context. */
export function staticContext(unleash: Unleash): Context {
  return internalsOf(unleash).staticContext ?? {};
}

/** Whether the instance has flags. */
export function isReady(unleash: Unleash): boolean {
  return internalsOf(unleash).ready ?? false;
}

/** Whether the flags came from the server; true for a custom repository. */
export function isConnected(unleash: Unleash): boolean {
  return internalsOf(unleash).repository?.connected ?? true;
}

/** Fetches the flags now, as the SDK's timer does. A custom repository may not support it. */
export async function fetchNow(unleash: Unleash): Promise<void> {
  const { repository } = internalsOf(unleash);
  const polling = repository?.fetcher?.pollingFetcher;
  if (polling !== undefined) preventDuplicateTimer(polling);
  await repository?.fetch?.();
}

const oneTimer = new WeakSet<Polling>();

// Each fetch schedules a timer without clearing the current one, so every extra fetch would start another polling loop.
function preventDuplicateTimer(polling: Polling): void {
  const timedFetch = polling.timedFetch?.bind(polling);
  if (timedFetch === undefined || oneTimer.has(polling)) return;
  oneTimer.add(polling);
  polling.timedFetch = (interval) => {
    clearTimeout(polling.timer);
    timedFetch(interval);
  };
}

/** Adds usage that a client counted, in one call instead of one for each evaluation. */
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

/** The inner client, which counts no usage. Flags with a name of an Object.prototype member must use it: the metrics would write there. */
export function uncountedClient(unleash: Unleash): Internals['client'] {
  return internalsOf(unleash).client;
}

/** Stops the metrics timer; a flush starts another one without clearing it. */
export function stopMetricsTimer(unleash: Unleash): void {
  clearTimeout(internalsOf(unleash).metrics?.timer);
}

/**
 * A pending fetch outlives `destroy`, which removes the repository's listeners: its error would be an unhandled rejection and end
 * the process. From here on errors are emitted only while there is a listener.
 */
export function ignoreErrorsAfterStop(unleash: Unleash): void {
  const { repository } = internalsOf(unleash);
  const fetcher = repository?.fetcher;
  if (!(repository instanceof EventEmitter && fetcher instanceof EventEmitter)) return;
  fetcher.removeAllListeners(UnleashEvents.Error);
  fetcher.on(UnleashEvents.Error, (error) => {
    if (repository.listenerCount(UnleashEvents.Error) > 0) repository.emit(UnleashEvents.Error, error);
  });
}
