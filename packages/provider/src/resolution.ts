import type { ErrorCode, FlagMetadata, ResolutionDetails } from '@openfeature/server-sdk';

/** OpenFeature's standard reasons, as far as they are given here; ERROR comes with {@link failed}. */
export type Reason = 'DISABLED' | 'SPLIT' | 'TARGETING_MATCH' | 'DEFAULT' | 'STALE';

/** An answer. What is undefined is left out: OpenFeature copies every property, which costs more than our own part. */
export function resolved<T>(
  value: T,
  reason: Reason,
  variant: string | undefined,
  flagMetadata: FlagMetadata | undefined,
): ResolutionDetails<T> {
  if (flagMetadata === undefined) return variant === undefined ? { value, reason } : { value, reason, variant };
  return variant === undefined ? { value, reason, flagMetadata } : { value, reason, variant, flagMetadata };
}

/** A failure: OpenFeature gives the caller's default and the code. */
export function failed<T>(
  value: T,
  errorCode: ErrorCode,
  errorMessage: string,
  flagMetadata: FlagMetadata = {},
): ResolutionDetails<T> {
  return { value, reason: 'ERROR', errorCode, errorMessage, flagMetadata };
}
