import type { UnleashClient } from 'unleash-proxy-client';

/** What the client hands its `fetch`, and what it reads of the answer. */
export type ToggleFetch = (url: string, init: RequestInit) => Promise<ToggleResponse>;

export interface ToggleResponse {
  readonly ok: boolean;
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  json(): Promise<unknown>;
}

/** The private members of unleash-proxy-client that have no public equivalent; only this file reads them. */
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
 * Wraps the client's fetch of toggles, not of usage metrics. Its public events don't identify the context of a response: that of an
 * older request can arrive last, and an aborted request looks like an unchanged one.
 *
 * @returns restores the wrapped function, unless it was replaced since
 * @throws Error if the client has no such function
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

/** Whether `start` was called. */
export const isStarted = (client: UnleashClient): boolean => internalsOf(client).started === true;

/** The polling interval in ms; 0: no polling. */
export const refreshInterval = (client: UnleashClient): number => internalsOf(client).refreshInterval ?? 0;

/** The current credential headers, which a page may change in place. */
export function headersOf(client: UnleashClient): Readonly<Record<string, string>> {
  const { clientKey = '', headerName = 'Authorization', customHeaders = {} } = internalsOf(client);
  return { ...customHeaders, [headerName]: clientKey };
}

/** Fetches now, also while `updateToggles` would wait for the first response. */
export async function fetchNow(client: UnleashClient): Promise<void> {
  await (internalsOf(client).fetchToggles?.() ?? client.updateToggles());
}
