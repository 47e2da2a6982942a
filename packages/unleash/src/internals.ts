import type { Context, Unleash } from 'unleash-client';

/** The few things that unleash-client keeps to itself and that nothing public tells; read here and nowhere else. */
interface Internals {
  readonly ready?: boolean;
  readonly staticContext?: Context;
  readonly metrics?: { readonly timer?: NodeJS.Timeout };
  readonly repository?: { readonly connected?: boolean };
  readonly client?: {
    isEnabled(name: string, context: Context, fallback: () => boolean): boolean;
    getVariant(name: string, context: Context): ReturnType<Unleash['getVariant']>;
  };
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

/** The inner client counts no usage. Flags named like something every object has must be asked there: the metrics bucket would write to Object.prototype. */
export function uncountedClient(unleash: Unleash): Internals['client'] {
  return internalsOf(unleash).client;
}

/** Flushing starts a timer of its own and forgets the one that runs: stopped before, none is left behind. */
export function stopMetricsTimer(unleash: Unleash): void {
  clearTimeout(internalsOf(unleash).metrics?.timer);
}
