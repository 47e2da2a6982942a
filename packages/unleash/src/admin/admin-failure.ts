import { AdminApiError, type AdminApiErrorKind } from './admin-api-error.js';

/** A response of Unleash or of a server before it. */
export interface Answer {
  readonly status: number;
  /** The media type without parameters, lower case; empty when absent. */
  readonly mediaType: string;
  readonly text: string;
  /** The target of a redirect. */
  readonly location: string | undefined;
  readonly retryAfter: string | undefined;
}

/** The request, for the error message. */
export interface RequestInfo {
  /** The operation, as text after "Cannot": `create strategy "aiAccess"`. */
  readonly operation: string;
  readonly method: string;
  readonly url: string;
}

interface Cause {
  readonly kind: AdminApiErrorKind;
  /** The problem and the fix. */
  readonly problem: string;
}

const TOKEN_FIX =
  'Use an admin token, or the personal access token of a user with the rights (Unleash UI: Admin > API access, or Profile > Personal API tokens)';

/** Converts an unsuccessful or unreadable response to an error. */
export function toAdminApiError(request: RequestInfo, answer: Answer): AdminApiError {
  const details = detailsOf(answer);
  const { kind, problem } = isJson(answer) ? causeOfJson(request, answer, details) : causeOfOther(answer);
  const message = `Cannot ${request.operation}: ${problem} [${request.method} ${request.url}: ${answer.status}]`;
  return new AdminApiError(message, { kind, status: answer.status, details });
}

/** Whether the media type is JSON. */
export function isJson(answer: Answer): boolean {
  return answer.mediaType === 'application/json' || answer.mediaType.endsWith('+json');
}

function causeOfJson(request: RequestInfo, answer: Answer, details: readonly string[]): Cause {
  const reason = details.join('; ') || 'Unleash gave no reason';
  const isUnknownPath = answer.status === 404 && /path you were looking for/.test(reason);
  if (isUnknownPath && request.url.includes('/dependencies')) {
    return {
      kind: 'unsupported_version',
      problem: 'this Unleash has no parent dependencies. Upgrade it to 5.7 or later.',
    };
  }
  if (isUnknownPath) {
    return { kind: 'wrong_url', problem: `${reason}. Check the URL and the version of Unleash.` };
  }
  if (answer.status === 403 && nameOf(answer) === 'InvalidOperationError') return { kind: 'refused', problem: reason };
  return byStatus(answer, reason);
}

function byStatus(answer: Answer, reason: string): Cause {
  const { status } = answer;
  if (status === 401) {
    return {
      kind: 'unauthorized',
      problem: `the token is not accepted: ${reason}. ${TOKEN_FIX}; check that it hasn't expired.`,
    };
  }
  if (status === 403) return { kind: 'forbidden', problem: forbidden(reason) };
  if (status === 404) return { kind: 'not_found', problem: reason };
  if (status === 409) return { kind: 'conflict', problem: reason };
  if (status === 429) return { kind: 'rate_limited', problem: `too many requests. ${waitFor(answer)}` };
  if (status >= 500)
    return { kind: 'server_error', problem: `Unleash failed: ${reason}. Look at its log and try again.` };
  if (status >= 400) return { kind: 'invalid', problem: reason };
  return { kind: 'wrong_url', problem: `unexpected status ${status}. Check the URL.` };
}

function forbidden(reason: string): string {
  if (/different token type/.test(reason))
    return `this is a client or frontend token, which can't administrate. ${TOKEN_FIX}.`;
  return `the token has no right to do this: ${reason}. ${TOKEN_FIX}.`;
}

/** A response other than JSON: from a proxy, a login page, the Unleash UI, or another program. */
function causeOfOther(answer: Answer): Cause {
  const { status } = answer;
  const mediaType = answer.mediaType === '' ? 'an answer without a type' : answer.mediaType;
  if (status >= 300 && status < 400) {
    return {
      kind: 'wrong_url',
      problem: `the server redirects to ${answer.location ?? 'nowhere'}. Use the address where Unleash itself answers.`,
    };
  }
  if (status === 429) return { kind: 'rate_limited', problem: `too many requests. ${waitFor(answer)}` };
  if (status === 401 || status === 403) {
    const problem = `access denied by ${mediaType}, so probably by a proxy in front of Unleash. Check the URL, then the token. ${TOKEN_FIX}.`;
    return { kind: status === 401 ? 'unauthorized' : 'forbidden', problem };
  }
  if (status >= 500)
    return { kind: 'server_error', problem: 'the server, or a proxy in front of it, failed. Try again.' };
  return {
    kind: 'wrong_url',
    problem: `got ${mediaType} instead of JSON, so this is not Unleash's API. Check the URL: it is the address of the Unleash UI's first page, with or without /api.`,
  };
}

function waitFor(answer: Answer): string {
  return answer.retryAfter === undefined ? 'Wait a minute and try again.' : `Try again after ${answer.retryAfter} s.`;
}

function detailsOf(answer: Answer): readonly string[] {
  const body = bodyOf(answer);
  const details = Array.isArray(body['details']) ? body['details'] : [];
  const messages = details.map((detail: unknown) => messageIn(detail)).filter((text) => text !== '');
  const all = messages.length > 0 ? messages : [messageIn(body)].filter((text) => text !== '');
  return all.map((text) => (text.length > 400 ? `${text.slice(0, 399)}…` : text));
}

const messageIn = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'message' in value ? String(value.message).replace(/\.+$/, '') : '';

function nameOf(answer: Answer): unknown {
  return bodyOf(answer)['name'];
}

function bodyOf(answer: Answer): Record<string, unknown> {
  if (!isJson(answer)) return {};
  try {
    const body: unknown = JSON.parse(answer.text);
    return typeof body === 'object' && body !== null ? { ...body } : {};
  } catch {
    return {};
  }
}
