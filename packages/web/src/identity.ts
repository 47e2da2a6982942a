import type { HeaderRecord } from './stream-name.js';

/** Gives the signed-in user's JWT; undefined for nobody. */
export type Identity = () => string | undefined | Promise<string | undefined>;

/** The header that carries it. */
const IDENTITY_HEADER = 'x-rampart-identity';

/** Headers with who asks, unless they say so already. */
export async function withIdentity(headers: HeaderRecord, identity: Identity | undefined): Promise<HeaderRecord> {
  const said = Object.keys(headers).some((name) => name.toLowerCase() === IDENTITY_HEADER);
  const token = said ? undefined : await identity?.();
  return token === undefined ? headers : { ...headers, [IDENTITY_HEADER]: token };
}

/** A fetch that says who asks. The token is asked for each time: one that was good at the start has expired by now. */
export function identified<T>(
  inner: (url: string, init: RequestInit) => Promise<T>,
  identity: Identity,
): (url: string, init: RequestInit) => Promise<T> {
  return async (url, init) => {
    const headers = await withIdentity(Object.fromEntries(new Headers(init.headers)), identity);
    return inner(url, { ...init, headers });
  };
}
