import { z } from 'zod';
import { GatewayError, type GatewayErrorOptions } from './gateway-error.js';

/** An answer that is no success. */
export interface FailedAnswer {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const problemSchema = z.object({ code: z.string(), detail: z.string() });

const KEY_FIX =
  'check RAMPART_GATEWAY_KEY or --gateway-key-file, and that the gateway is configured with the hash of this key, for its environment';
const ROLE_FIX =
  "the key is not an operator's: make one with rampart key NAME --role operator, and add its lines to the gateway's configuration";
const ADDRESS_FIX = 'check the address: it is the one where rampart serve listens, without /v1';

/** Codes that refuse what was asked; the same command fails for the same reason without a gateway, with exit code 1. */
const REFUSALS: ReadonlySet<string> = new Set([
  'no_such_kill',
  'no_such_change',
  'conflict',
  'limit_reached',
  'idempotency_key_reused',
]);
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** The error for an answer that is no success. */
export function failureOfAnswer(answer: FailedAnswer): GatewayError {
  const { url, status, headers } = answer;
  const problem = problemOf(answer);
  const { code } = problem ?? {};
  const isOutcomeUnknown = code === 'outcome_unknown';
  const options: GatewayErrorOptions = {
    status,
    code,
    isRefusal: code !== undefined && REFUSALS.has(code),
    isTransient: TRANSIENT_STATUSES.has(status) && code !== 'database_unavailable',
    isAmbiguous: isOutcomeUnknown || (status >= 500 && problem === undefined),
    retryAfterMs: Number(headers.get('retry-after') ?? 0) * 1_000 || 0,
  };
  const said = problem === undefined ? '' : `: ${problem.detail}`;
  if (options.isRefusal) return new GatewayError(problem?.detail ?? '', options);
  return new GatewayError(`gateway ${url} answers ${status}${said}${fixOf(answer, problem)}`, options);
}

function problemOf({ text }: FailedAnswer): z.output<typeof problemSchema> | undefined {
  try {
    return problemSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function fixOf({ status, headers, url }: FailedAnswer, problem: z.output<typeof problemSchema> | undefined): string {
  if (status >= 300 && status < 400) return redirectFix(headers.get('location'), url);
  if (status === 401) return `. The gateway does not accept the key: ${KEY_FIX}`;
  if (status === 403) return `. Forbidden: ${ROLE_FIX}`;
  if (status === 429) return '. Too many requests: wait, then try again';
  if (problem !== undefined) return '';
  if (status === 404) return `. There is no Rampart gateway of this version: ${ADDRESS_FIX}`;
  return status >= 500 ? '. A proxy, or another program, answered in its place: try again' : `. ${ADDRESS_FIX}`;
}

/** A redirect is not followed: the key is for this address alone. */
function redirectFix(location: string | null, url: string): string {
  const target = location !== null && URL.canParse(location, url) ? new URL(location, url).origin : undefined;
  const where = target === undefined ? 'a redirect' : `a redirect to ${target}`;
  return `, ${where}. Redirects are not followed, since the key is for one address: pass the address of the gateway itself`;
}

/** The error for an answer that is not a gateway's. */
export function failureOfContent(url: string): GatewayError {
  return new GatewayError(
    `gateway ${url} answers something else than a Rampart gateway of this version: ${ADDRESS_FIX}, and that its version is this one's`,
    { isAmbiguous: true },
  );
}

/** The request was not sent: nothing was carried out. */
const NOT_SENT = /^(?:ECONNREFUSED|ENOTFOUND|EAI_|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_)/;
/** A proxy asks for credentials, or did not open the tunnel: nothing reached the gateway. */
const PROXY_CREDENTIALS = /^Proxy Authentication Required|^Proxy response \(407\)/;
const TUNNEL_REFUSED = /^Proxy response \(\d+\)/;
const TLS = /^(?:CERT_|ERR_TLS_|ERR_SSL_|EPROTO|DEPTH_ZERO_|UNABLE_TO_|SELF_SIGNED_|HOSTNAME_MISMATCH)/;

/** The error for a request without an answer. */
export function failureOfTransport(url: string, error: unknown, timeoutMs: number): GatewayError {
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return new GatewayError(`gateway ${url} did not answer within ${timeoutMs / 1_000} s`, {
      isTransient: true,
      isAmbiguous: true,
      cause: error,
    });
  const { code, message } = innermost(error);
  const reason = reasonThroughProxy(error as Error) ?? code ?? message;
  if (PROXY_CREDENTIALS.test(message))
    return new GatewayError(
      `gateway ${url} can not be reached (${reason}): put the credentials of the proxy into HTTP_PROXY or HTTPS_PROXY, or the host into NO_PROXY`,
      { cause: error },
    );
  if (code !== undefined && TLS.test(code)) return new GatewayError(tlsProblem(url, code), { cause: error });
  if (code === undefined || NOT_SENT.test(code) || TUNNEL_REFUSED.test(message))
    return new GatewayError(
      `gateway ${url} can not be reached (${reason}): check the address, and that the gateway runs`,
      { cause: error },
    );
  return new GatewayError(`the connection to gateway ${url} broke (${reason})`, {
    isTransient: true,
    isAmbiguous: true,
    cause: error,
  });
}

function tlsProblem(url: string, code: string): string {
  const fix = /^(?:EPROTO|ERR_SSL_)/.test(code)
    ? 'is it http:// rather than https://?'
    : 'use the name that stands in its certificate; for an authority of your own set NODE_EXTRA_CA_CERTS to its file';
  return `gateway ${url}: TLS failed (${code}): ${fix}`;
}

/** What `proxyFetch` says of a failure on the way to or through the proxy; undefined without a proxy. */
function reasonThroughProxy({ cause }: { readonly cause?: unknown }): string | undefined {
  return cause instanceof Error && cause.message.includes(' through the proxy ') ? cause.message : undefined;
}

/** `fetch` wraps what happened, sometimes twice. */
function innermost(error: unknown): { readonly code: string | undefined; readonly message: string } {
  const { cause, code, message } = error as NodeJS.ErrnoException & { readonly cause?: unknown };
  if (typeof code !== 'string' && cause instanceof Error) return innermost(cause);
  return { code, message };
}
