import { AdminApiError, type AdminApiErrorKind } from './admin-api-error.js';

/** An answer that is not what was asked for, or none at all. */
export interface Answer {
  readonly status: number;
  /** The media type without parameters, lower case; empty when absent. */
  readonly mediaType: string;
  readonly text: string;
  /** Where a redirect leads. */
  readonly location: string | undefined;
  readonly retryAfter: string | undefined;
}

/** What was asked, for the message. */
export interface Asked {
  /** The operation, as it reads after "Cannot": `create strategy "aiAccess"`. */
  readonly what: string;
  readonly method: string;
  readonly url: string;
}

interface Cause {
  readonly kind: AdminApiErrorKind;
  /** What happened and what to do. */
  readonly problem: string;
}

const TOKEN_FIX =
  'Use an admin token, or the personal access token of a user with the rights (Unleash UI: Admin > API access, or Profile > Personal API tokens)';

/** The error for an answer that is not what was asked for. */
export function failureOf(asked: Asked, answer: Answer): AdminApiError {
  const details = detailsOf(answer);
  const { kind, problem } = isJson(answer) ? causeOfJson(asked, answer, details) : causeOfOther(answer);
  const message = `Cannot ${asked.what}: ${problem} [${asked.method} ${asked.url}: ${answer.status}]`;
  return new AdminApiError(message, { kind, status: answer.status, details });
}

/** Whether the answer claims to be JSON. */
export function isJson(answer: Answer): boolean {
  return answer.mediaType === 'application/json' || answer.mediaType.endsWith('+json');
}

function causeOfJson(asked: Asked, answer: Answer, details: readonly string[]): Cause {
  const said = details.join('; ') || 'Unleash gave no reason';
  const noSuchPath = answer.status === 404 && /path you were looking for/.test(said);
  if (noSuchPath && asked.url.includes('/dependencies')) {
    return { kind: 'old-server', problem: 'this Unleash has no parent dependencies. Upgrade it to 5.7 or later.' };
  }
  if (noSuchPath) {
    return { kind: 'wrong-url', problem: `${said}. Check the URL and the version of Unleash.` };
  }
  if (answer.status === 403 && nameOf(answer) === 'InvalidOperationError') return { kind: 'refused', problem: said };
  return byStatus(answer, said);
}

function byStatus(answer: Answer, said: string): Cause {
  const { status } = answer;
  if (status === 401) {
    return {
      kind: 'unauthorized',
      problem: `the token is not accepted: ${said}. ${TOKEN_FIX}; check that it hasn't expired.`,
    };
  }
  if (status === 403) return { kind: 'forbidden', problem: forbidden(said) };
  if (status === 404) return { kind: 'not-found', problem: said };
  if (status === 409) return { kind: 'conflict', problem: said };
  if (status === 429) return { kind: 'rate-limited', problem: `too many requests. ${waitFor(answer)}` };
  if (status >= 500)
    return { kind: 'server-error', problem: `Unleash failed: ${said}. Look at its log and try again.` };
  if (status >= 400) return { kind: 'invalid', problem: said };
  return { kind: 'wrong-url', problem: `unexpected status ${status}. Check the URL.` };
}

function forbidden(said: string): string {
  if (/different token type/.test(said))
    return `this is a client or frontend token, which can't administrate. ${TOKEN_FIX}.`;
  return `the token has no right to do this: ${said}. ${TOKEN_FIX}.`;
}

/** HTML and the like: from a proxy, a login page, the Unleash UI itself, or another program. */
function causeOfOther(answer: Answer): Cause {
  const { status } = answer;
  const found = answer.mediaType === '' ? 'an answer without a type' : answer.mediaType;
  if (status >= 300 && status < 400) {
    return {
      kind: 'wrong-url',
      problem: `the server redirects to ${answer.location ?? 'nowhere'}. Use the address where Unleash itself answers.`,
    };
  }
  if (status === 429) return { kind: 'rate-limited', problem: `too many requests. ${waitFor(answer)}` };
  if (status === 401 || status === 403) {
    const problem = `access denied by ${found}, so probably by a proxy in front of Unleash. Check the URL, then the token. ${TOKEN_FIX}.`;
    return { kind: status === 401 ? 'unauthorized' : 'forbidden', problem };
  }
  if (status >= 500)
    return { kind: 'server-error', problem: 'the server, or a proxy in front of it, failed. Try again.' };
  return {
    kind: 'wrong-url',
    problem: `got ${found} instead of JSON, so this is not Unleash's API. Check the URL: it is the address of the Unleash UI's first page, with or without /api.`,
  };
}

function waitFor(answer: Answer): string {
  return answer.retryAfter === undefined ? 'Wait a minute and try again.' : `Try again after ${answer.retryAfter} s.`;
}

function detailsOf(answer: Answer): readonly string[] {
  const body = bodyOf(answer);
  const details = Array.isArray(body['details']) ? body['details'] : [];
  const said = details.map((detail: unknown) => messageIn(detail)).filter((text) => text !== '');
  const all = said.length > 0 ? said : [messageIn(body)].filter((text) => text !== '');
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
