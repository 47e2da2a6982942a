import type { z } from 'zod';
import { AdminApiError, invalid } from './admin-api-error.js';
import { type Answer, type Asked, failureOf, isJson } from './admin-failure.js';
import { proxyFetch } from './proxy-fetch.js';

/** Where Unleash is, and who asks. */
export interface ConnectionOptions {
  /** Address of Unleash, with or without `/api`, e.g. `https://unleash.example.com`. */
  readonly url: string;
  /** An admin token or a personal access token. It never appears in an error. */
  readonly token: string;
  /**
   * Milliseconds until a request counts as failed.
   * @default 10000
   */
  readonly timeout?: number;
  /**
   * The function that sends requests.
   * @default `proxyFetch`: the global fetch, or the proxy of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`
   */
  readonly fetch?: typeof fetch;
}

/** One call of the admin API. */
interface AdminCall<T> {
  /** The operation, as it reads after "Cannot". */
  readonly what: string;
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** The segments after `/api/admin`, not yet encoded. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  /** What of the answer we depend on; without it the answer is not read. */
  readonly schema?: z.ZodType<T>;
}

/** Sends one call; rejects with an {@link AdminApiError}. */
export type AdminRequest = <T = void>(call: AdminCall<T>) => Promise<T>;

/** Builds the function that sends calls. Throws an {@link AdminApiError} for a URL or token that can't be used. */
export function createRequest(options: ConnectionOptions): AdminRequest {
  const base = baseUrl(options.url);
  const token = checkedToken(options.token);
  const timeout = options.timeout ?? 10_000;
  const send = options.fetch ?? proxyFetch;
  return async <T>(call: AdminCall<T>): Promise<T> => {
    const method = call.method ?? 'GET';
    const asked: Asked = { what: call.what, method, url: `${base}/api/admin/${pathOf(call)}` };
    try {
      const answer = await answerOf(send, asked, call, { token, timeout });
      return read(asked, answer, call);
    } catch (error) {
      throw withoutSecret(error instanceof AdminApiError ? error : unanswered(asked, error, timeout), token);
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
  if (trimmed === '') return invalid('Cannot reach Unleash without a token: give an admin or personal access token.');
  // A header with such a character makes fetch throw an error that quotes the whole token.
  if (!/^[\x21-\x7e]+$/.test(trimmed)) {
    return invalid('Cannot use the token: it holds a space, line break or special character. Copy it again.');
  }
  return trimmed;
}

function pathOf({ what, path, query }: AdminCall<unknown>): string {
  const bad = path.find((segment) => segment === '' || segment === '.' || segment === '..');
  if (bad !== undefined) return invalid(`Cannot ${what}: ${JSON.stringify(bad)} is no name that Unleash allows.`);
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) search.set(name, String(value));
  return `${path.map(encodeURIComponent).join('/')}${search.size === 0 ? '' : `?${search.toString()}`}`;
}

async function answerOf(
  send: typeof fetch,
  asked: Asked,
  call: AdminCall<unknown>,
  { token, timeout }: { readonly token: string; readonly timeout: number },
): Promise<Answer> {
  const response = await send(asked.url, {
    method: asked.method,
    headers: { accept: 'application/json', authorization: token, 'content-type': 'application/json' },
    // A followed redirect turns POST into GET, and a change into a successful nothing.
    redirect: 'manual',
    signal: AbortSignal.timeout(timeout),
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

function read<T>(asked: Asked, answer: Answer, call: AdminCall<T>): T {
  const ok = answer.status >= 200 && answer.status < 300;
  const readable = call.schema === undefined ? answer.mediaType !== 'text/html' : isJson(answer);
  if (!ok || !readable) throw failureOf(asked, answer);
  if (call.schema === undefined) return undefined as T;
  const result = call.schema.safeParse(jsonOf(answer.text));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const place = issue === undefined || issue.path.length === 0 ? 'the answer' : issue.path.join('.');
  throw new AdminApiError(
    `Cannot ${asked.what}: Unleash answered something that Rampart can't read: ${place}: ${issue?.message ?? 'unknown'}. Check that the URL leads to Unleash, and its version. [${asked.method} ${asked.url}]`,
    { kind: 'unexpected-answer', status: answer.status },
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** No answer came: too late, refused, cut off. */
function unanswered(asked: Asked, error: unknown, timeout: number): AdminApiError {
  const place = `[${asked.method} ${asked.url}]`;
  if (error instanceof Error && error.name === 'TimeoutError') {
    const unsure =
      asked.method === 'GET' ? '' : ' It is unknown whether the change was made: look before you try again.';
    const message = `Cannot ${asked.what}: no answer within ${timeout} ms. Check the URL and the network, or raise timeout.${unsure} ${place}`;
    return new AdminApiError(message, { kind: 'timeout' });
  }
  const message = `Cannot ${asked.what}: nobody answers (${reasonOf(error)}). Check the URL, and that Unleash is running. ${place}`;
  return new AdminApiError(message, { kind: 'unreachable' });
}

function reasonOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error;
  if (typeof cause !== 'object' || cause === null) return String(cause);
  if ('code' in cause && typeof cause.code === 'string') return cause.code;
  return 'message' in cause ? String(cause.message) : 'no reason given';
}

/** Servers, proxies and fetch may repeat what was sent. */
function withoutSecret(error: AdminApiError, token: string): AdminApiError {
  const { message, kind, status, details } = error;
  if (!message.includes(token) && !details.some((detail) => detail.includes(token))) return error;
  const clean = (text: string): string => text.replaceAll(token, '<token>');
  return new AdminApiError(clean(message), { kind, status, details: details.map(clean) });
}
