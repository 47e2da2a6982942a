import type { z } from 'zod';
import { AdminApiError, invalid } from './admin-api-error.js';
import { type Answer, isJson, type RequestInfo, toAdminApiError } from './admin-failure.js';
import { proxyFetch } from './proxy-fetch.js';

/** The URL and credentials of Unleash. */
export interface ConnectionOptions {
  /** Address of Unleash, with or without `/api`, e.g. `https://unleash.example.com`. */
  readonly url: string;
  /** An admin token or a personal access token. It never appears in an error. */
  readonly token: string;
  /**
   * How long one request may take, in ms.
   * @default 10000
   */
  readonly timeoutMs?: number;
  /**
   * The function that sends requests.
   * @default `proxyFetch`: the global fetch, or the proxy of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`
   */
  readonly fetch?: typeof fetch;
}

/** One call of the admin API. */
interface AdminCall<T> {
  /** The operation, as text after "Cannot". */
  readonly operation: string;
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** The segments after `/api/admin`, not yet encoded. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** The required part of the response; without it the response is not read. */
  readonly schema?: z.ZodType<T>;
}

/** Sends one call; rejects with an {@link AdminApiError}. */
export type AdminRequest = <T = void>(call: AdminCall<T>) => Promise<T>;

/** Creates the function that sends calls. @throws AdminApiError for an unusable URL or token */
export function createRequest(options: ConnectionOptions): AdminRequest {
  const base = baseUrl(options.url);
  const token = checkedToken(options.token);
  const timeoutMs = options.timeoutMs ?? 10_000;
  const send = options.fetch ?? proxyFetch;
  return async <T>(call: AdminCall<T>): Promise<T> => {
    const method = call.method ?? 'GET';
    const request: RequestInfo = { operation: call.operation, method, url: `${base}/api/admin/${pathOf(call)}` };
    try {
      const answer = await answerOf(send, request, call, { token, timeoutMs });
      return read(request, answer, call);
    } catch (error) {
      throw withoutSecret(error instanceof AdminApiError ? error : toTransportError(request, error, timeoutMs), token);
    }
  };
}

/** The address without `/api`, `/api/admin`, `/api/client` and trailing slashes. */
export function baseUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    return invalid(`Cannot use url ${JSON.stringify(url)}: write a whole address, e.g. https://unleash.example.com.`);
  }
  if (parsed.username !== '' || parsed.password !== '') {
    return invalid(`Cannot use a url with user name and password (host ${parsed.host}): put the token into token.`);
  }
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, '').replace(/\/api(\/(admin|client|frontend))?$/, '')}`;
}

function checkedToken(token: string): string {
  const trimmed = token.trim();
  if (trimmed === '') return invalid('Cannot reach Unleash without a token: pass an admin or personal access token.');
  // A header with such a character makes fetch throw an error that quotes the whole token.
  if (!/^[\x21-\x7e]+$/.test(trimmed)) {
    return invalid('Cannot use the token: it holds a space, line break or special character. Copy it again.');
  }
  return trimmed;
}

function pathOf({ operation, path, query }: AdminCall<unknown>): string {
  const bad = path.find((segment) => segment === '' || segment === '.' || segment === '..');
  if (bad !== undefined)
    return invalid(`Cannot ${operation}: ${JSON.stringify(bad)} is not a name that Unleash allows.`);
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(name, String(value));
  return `${path.map(encodeURIComponent).join('/')}${search.size === 0 ? '' : `?${search.toString()}`}`;
}

async function answerOf(
  send: typeof fetch,
  request: RequestInfo,
  call: AdminCall<unknown>,
  { token, timeoutMs }: { readonly token: string; readonly timeoutMs: number },
): Promise<Answer> {
  const response = await send(request.url, {
    method: request.method,
    headers: { accept: 'application/json', authorization: token, 'content-type': 'application/json' },
    // A followed redirect turns a POST into a GET, which changes nothing and succeeds.
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
  });
  return {
    status: response.status,
    mediaType: (response.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '',
    text: await response.text(),
    location: response.headers.get('location') ?? undefined,
    retryAfter: response.headers.get('retry-after') ?? undefined,
  };
}

function read<T>(request: RequestInfo, answer: Answer, call: AdminCall<T>): T {
  const ok = answer.status >= 200 && answer.status < 300;
  const readable = call.schema === undefined ? answer.mediaType !== 'text/html' : isJson(answer);
  if (!ok || !readable) throw toAdminApiError(request, answer);
  if (call.schema === undefined) return undefined as T;
  const result = call.schema.safeParse(jsonOf(answer.text));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = issue === undefined || issue.path.length === 0 ? 'the response' : issue.path.join('.');
  throw new AdminApiError(
    `Cannot ${request.operation}: unexpected response from Unleash: ${place}: ${issue?.message ?? 'unknown'}. Check that the URL leads to Unleash, and its version. [${request.method} ${request.url}]`,
    { kind: 'unexpected_response', status: answer.status },
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The error without a response: timeout, refused or lost connection. */
function toTransportError(request: RequestInfo, error: unknown, timeoutMs: number): AdminApiError {
  const place = `[${request.method} ${request.url}]`;
  if (error instanceof Error && error.name === 'TimeoutError') {
    const ambiguity = request.method === 'GET' ? '' : ' The change may have been made: check before you try again.';
    const message = `Cannot ${request.operation}: no answer within ${timeoutMs} ms. Check the URL and the network, or raise the timeout.${ambiguity} ${place}`;
    return new AdminApiError(message, { kind: 'timeout' });
  }
  const message = `Cannot ${request.operation}: no connection (${reasonOf(error)}). Check the URL, and that Unleash is running. ${place}`;
  return new AdminApiError(message, { kind: 'unreachable' });
}

function reasonOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error;
  if (typeof cause !== 'object' || cause === null) return String(cause);
  if ('code' in cause && typeof cause.code === 'string') return cause.code;
  return 'message' in cause ? String(cause.message) : 'no reason given';
}

/** Removes the token, which servers, proxies and fetch may repeat. */
function withoutSecret(error: AdminApiError, token: string): AdminApiError {
  const { message, kind, status, details } = error;
  if (!message.includes(token) && !details.some((detail) => detail.includes(token))) return error;
  const clean = (text: string): string => text.replaceAll(token, '<token>');
  return new AdminApiError(clean(message), { kind, status, details: details.map(clean) });
}
