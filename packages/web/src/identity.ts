import type { HeaderRecord } from './stream-name.js';

/** Returns the signed-in user's JWT; undefined if no user is signed in. */
export type Identity = () => string | undefined | Promise<string | undefined>;

const IDENTITY_HEADER = 'x-rampart-identity';

/** Adds the identity header, unless it is present. */
export async function withIdentity(headers: HeaderRecord, identity: Identity | undefined): Promise<HeaderRecord> {
  const isPresent = Object.keys(headers).some((name) => name.toLowerCase() === IDENTITY_HEADER);
  const token = isPresent ? undefined : await identity?.();
  return token === undefined ? headers : { ...headers, [IDENTITY_HEADER]: token };
}

/** A fetch with the identity header. Requests the token for each fetch, since an earlier one may have expired. */
export function withIdentityHeader<T>(
  inner: (url: string, init: RequestInit) => Promise<T>,
  identity: Identity,
): (url: string, init: RequestInit) => Promise<T> {
  return async (url, init) => {
    const headers = await withIdentity(Object.fromEntries(new Headers(init.headers)), identity);
    return inner(url, { ...init, headers });
  };
}
