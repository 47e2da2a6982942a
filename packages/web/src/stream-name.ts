export type HeaderRecord = Readonly<Record<string, string>>;

/** Claims that differ between two tokens of one user. */
const OF_ONE_TOKEN: ReadonlySet<string> = new Set(['iat', 'exp', 'nbf', 'jti']);

/**
 * A name that two tabs share only if they ask the same gateway as the same page and the same user: a hash, since any script of
 * the origin can list the names of locks. Tokens are compared by their claims, so that a renewed one changes nothing; one that
 * can't be read is compared as it stands.
 */
export async function streamName(url: string, headers: HeaderRecord): Promise<string> {
  // Outside a secure context: there are no locks either, and tabs share nothing.
  if ((crypto as Partial<Crypto>).subtle === undefined) return 'rampart-events';
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), comparable(value)] as const);
  const text = JSON.stringify([url, entries.sort(([a], [b]) => (a < b ? -1 : 1))]);
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return `rampart-events-${Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

function comparable(value: string): unknown {
  const [, payload] = /^(?:bearer )?[\w-]+\.([\w-]+)\.[\w-]*$/i.exec(value) ?? [];
  if (payload === undefined) return value;
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (at) => at.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Record<string, unknown>;
    const kept = Object.entries(claims).filter(([name]) => !OF_ONE_TOKEN.has(name));
    return kept.length === 0 ? value : kept.sort(([a], [b]) => (a < b ? -1 : 1));
  } catch {
    return value;
  }
}
