import type { EvaluationDetails, FlagValue, Hook, HookContext, ResolutionDetails } from '@openfeature/web-sdk';

/** OpenFeature's words for a provider that it doesn't ask. */
const NOT_ASKED: ReadonlySet<unknown> = new Set(['PROVIDER_NOT_READY', 'PROVIDER_FATAL']);

/**
 * Closes AI flags where OpenFeature doesn't ask the provider: while its status is NOT_READY, OpenFeature answers every caller's
 * default, which may be true. A provider has no other way into such an evaluation than its `finally` hook, which may change the
 * details before they are returned. The status stays NOT_READY, so that React's suspense waits as ever.
 *
 * @param closed the answer on an AI flag; undefined for an ordinary one, which keeps the caller's default
 */
export function startingHook(closed: (asked: HookContext) => ResolutionDetails<FlagValue> | undefined): Hook {
  return {
    finally(asked: Readonly<HookContext>, details: EvaluationDetails<FlagValue>): void {
      if (!NOT_ASKED.has(details.errorCode)) return;
      const answer = closed(asked);
      if (answer === undefined) return;
      delete details.errorCode;
      delete details.errorMessage;
      Object.assign(details, answer);
    },
  };
}
