/** One result of the checks before a flag gets a feature as its parent. */
export interface GateFinding {
  readonly check: 'flags' | 'feature' | 'consent' | 'access' | 'applications';
  /** The environment, the row of the tenants file or the application. Empty: the flag as a whole. */
  readonly where: string;
  /** A problem keeps the parent from being set. An accepted one was accepted by an option. */
  readonly result: 'ok' | 'problem' | 'accepted';
  readonly found: string;
  /** What removes the problem. Empty where there is none. */
  readonly fix: string;
}

type Check = GateFinding['check'];

/** A check that found nothing wrong. */
export function passed(check: Check, where: string, found: string): GateFinding {
  return { check, where, result: 'ok', found, fix: '' };
}

/** A check that found something wrong, which an option may accept. */
export function failed(
  check: Check,
  where: string,
  { found, fix, isAccepted = false }: { readonly found: string; readonly fix: string; readonly isAccepted?: boolean },
): GateFinding {
  return { check, where, result: isAccepted ? 'accepted' : 'problem', found, fix: isAccepted ? '' : fix };
}
