import { getProxyForUrl } from 'proxy-from-env';
import type { Dispatcher, RequestInit as UndiciRequestInit } from 'undici';

/** One agent for each proxy URL, so that requests share connections. */
const agents = new Map<string, Promise<Dispatcher>>();

/**
 * `fetch` through the proxy of the environment. The proxy is chosen as unleash-client chooses it for flags, by the same
 * library: `HTTPS_PROXY` for https URLs, `HTTP_PROXY` for http URLs, `ALL_PROXY` where these are unset, and no proxy for hosts
 * in `NO_PROXY`. Lower-case names win. Without a proxy it is the global `fetch`.
 *
 * @throws TypeError for an unusable proxy URL, and for a failure on the way; its message names the proxy without credentials
 */
export const proxyFetch: typeof fetch = async (input, init) => {
  const url = input instanceof Request ? input.url : String(input);
  const proxy = getProxyForUrl(url);
  if (proxy === '') return fetch(input, init);
  const proxyUrl = checkedProxy(proxy);
  const { fetch: send } = await import('undici');
  const request = { ...init, dispatcher: await agentOf(proxyUrl) } as UndiciRequestInit;
  try {
    return await send(url, request);
  } catch (error) {
    throw failureThrough(proxyUrl, error);
  }
};

function checkedProxy(proxy: string): URL {
  if (URL.canParse(proxy) && /^https?:$/.test(new URL(proxy).protocol)) return new URL(proxy);
  // The value may contain a password.
  const message = 'the proxy in HTTP_PROXY, HTTPS_PROXY or ALL_PROXY is no http or https URL: write http://host:port';
  throw new TypeError(message, { cause: new Error(message) });
}

function agentOf(proxy: URL): Promise<Dispatcher> {
  const agent = agents.get(proxy.href) ?? newAgent(proxy);
  agents.set(proxy.href, agent);
  return agent;
}

async function newAgent({ origin, username, password }: URL): Promise<Dispatcher> {
  const { ProxyAgent } = await import('undici');
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return new ProxyAgent({
    uri: origin,
    // Many proxies allow CONNECT for port 443 only: a plain http request is sent to the proxy with its whole URL.
    proxyTunnel: false,
    ...(credentials === ':' ? {} : { token: `Basic ${Buffer.from(credentials).toString('base64')}` }),
  });
}

/** The first cause that has a code: `fetch` wraps the reason why a tunnel was not opened twice. */
function withCode(error: unknown): unknown {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  return typeof code !== 'string' && cause instanceof Error ? withCode(cause) : error;
}

function failureThrough({ origin }: URL, error: unknown): unknown {
  if (!(error instanceof TypeError)) return error;
  const cause = withCode(error.cause ?? error);
  const { code, message } = cause as Partial<NodeJS.ErrnoException>;
  const reason = `${code ?? message} through the proxy ${origin}${code === undefined ? '' : `: ${message}`}`;
  return new TypeError(`fetch failed: ${reason}`, { cause: new Error(reason, { cause }) });
}
