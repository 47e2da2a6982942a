import { type IConfig, UnleashClient } from 'unleash-proxy-client';
import { type Identity, withIdentityHeader } from './identity.js';

/** A client of the provider's own. */
export function buildClient(unleash: IConfig, identity: Identity | undefined): UnleashClient {
  const inner = (unleash.fetch as typeof fetch | undefined) ?? globalThis.fetch?.bind(globalThis);
  return new UnleashClient({
    usePOSTrequests: true,
    ...unleash,
    url: withoutFinalSlashes(unleash.url),
    ...(identity && { fetch: withIdentityHeader(inner, identity) }),
  });
}

/** The client adds paths to it: `/client/metrics`. */
function withoutFinalSlashes(url: IConfig['url']): IConfig['url'] {
  const text = String(url).replace(/\/+$/, '');
  return typeof url === 'string' ? text : new URL(text);
}
