import type { EvaluationDetails, FlagValue, Hook, HookContext, ResolutionDetails } from '@openfeature/web-sdk';

/** Error codes of evaluations that OpenFeature doesn't pass to the provider. */
const NOT_DELEGATED: ReadonlySet<unknown> = new Set(['PROVIDER_NOT_READY', 'PROVIDER_FATAL']);

/**
 * Closes AI flags while the status is NOT_READY: OpenFeature then returns every caller's default, which may be true, without calling
 * the provider. Only a `finally` hook can change the details of such an evaluation. The status stays NOT_READY, for React's suspense.
 *
 * @param closed resolves an AI flag; returns undefined for an ordinary flag, which keeps the caller's default
 */
export function startingHook(closed: (asked: HookContext) => ResolutionDetails<FlagValue> | undefined): Hook {
  return {
    finally(asked: Readonly<HookContext>, details: EvaluationDetails<FlagValue>): void {
      if (!NOT_DELEGATED.has(details.errorCode)) return;
      const answer = closed(asked);
      if (answer === undefined) return;
      delete details.errorCode;
      delete details.errorMessage;
      Object.assign(details, answer);
    },
  };
}
