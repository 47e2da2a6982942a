import type { UnleashClient } from 'unleash-proxy-client';

/** What the client hands its `fetch`, and what it reads of the answer. */
export type ToggleFetch = (url: string, init: RequestInit) => Promise<ToggleResponse>;

export interface ToggleResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  json(): Promise<unknown>;
}

/** The few things that unleash-proxy-client keeps to itself and that nothing public tells; read here and nowhere else. */
interface Internals {
  fetch?: ToggleFetch;
  readonly started?: boolean;
  readonly refreshInterval?: number;
  readonly clientKey?: string;
  readonly headerName?: string;
  readonly customHeaders?: Readonly<Record<string, string>>;
  fetchToggles?(): Promise<void>;
}

const internalsOf = (client: UnleashClient): Internals => client as unknown as Internals;

/**
 * Puts a function around the client's fetching of toggles; usage metrics are not touched. Nothing public tells for which
 * context an answer came: an answer to an older request can land last, and an aborted request looks like an unchanged one.
 *
 * @returns puts the former one back, unless somebody else put another one there since
 * @throws Error where the client has no such function
 */
export function wrapFetch(client: UnleashClient, wrap: (inner: ToggleFetch) => ToggleFetch): () => void {
  const internals = internalsOf(client);
  const inner = internals.fetch;
  if (typeof inner !== 'function')
    throw new Error('the unleash-proxy-client has no fetch to watch; use version 3.7 or newer of major 3');
  const outer = wrap(inner);
  internals.fetch = outer;
  return () => {
    if (internals.fetch === outer) internals.fetch = inner;
  };
}

/** Whether somebody called `start`. */
export const isStarted = (client: UnleashClient): boolean => internalsOf(client).started === true;

/** How often it fetches, in ms; 0: only when told. */
export const refreshInterval = (client: UnleashClient): number => internalsOf(client).refreshInterval ?? 0;

/** Headers that say who asks, as they are now: pages change them where they lie. */
export function headersOf(client: UnleashClient): Readonly<Record<string, string>> {
  const { clientKey = '', headerName = 'Authorization', customHeaders = {} } = internalsOf(client);
  return { ...customHeaders, [headerName]: clientKey };
}

/** Fetches now, also where `updateToggles` would wait for a first answer that may never come. */
export async function fetchNow(client: UnleashClient): Promise<void> {
  await (internalsOf(client).fetchToggles?.() ?? client.updateToggles());
}
