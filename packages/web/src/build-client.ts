import { type IConfig, UnleashClient } from 'unleash-proxy-client';
import { headersOf } from './client-internals.js';
import type { HeaderRecord } from './event-stream.js';
import type { BuiltClient } from './options.js';

/** The header that carries the signed-in user's JWT. */
const IDENTITY_HEADER = 'x-rampart-identity';

/** A client of the provider's own, and the headers that say who asks. */
export function buildClient({ unleash, identity }: Pick<BuiltClient, 'unleash' | 'identity'>): {
  readonly client: UnleashClient;
  readonly headers: () => Promise<HeaderRecord>;
} {
  const whoAsks = async (): Promise<HeaderRecord> => {
    const token = await identity?.();
    return token === undefined ? {} : { [IDENTITY_HEADER]: token };
  };
  const inner = (unleash.fetch as typeof fetch | undefined) ?? globalThis.fetch?.bind(globalThis);
  // Asked for each request: a token that was good at the start has expired by now.
  const identified = async (url: string, init: RequestInit): Promise<Response> => {
    const headers = { ...Object.fromEntries(new Headers(init.headers)), ...(await whoAsks()) };
    return inner(url, { ...init, headers });
  };
  const config: IConfig = { usePOSTrequests: true, ...unleash, ...(identity && { fetch: identified }) };
  const client = new UnleashClient(config);
  return { client, headers: async () => ({ ...headersOf(client), ...(await whoAsks()) }) };
}
