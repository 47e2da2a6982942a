import type { ErrorCode, FlagMetadata, ResolutionDetails } from '@openfeature/server-sdk';

/** OpenFeature's standard reasons, as far as they are given here; ERROR comes with {@link failed}. */
export type Reason = 'DISABLED' | 'SPLIT' | 'TARGETING_MATCH' | 'DEFAULT' | 'STALE';

/** An answer. */
export function resolved<T>(
  value: T,
  reason: Reason,
  variant: string | undefined,
  flagMetadata: FlagMetadata,
): ResolutionDetails<T> {
  return variant === undefined ? { value, reason, flagMetadata } : { value, reason, variant, flagMetadata };
}

/** A failure: OpenFeature gives the caller's default and the code. */
export function failed<T>(
  value: T,
  errorCode: ErrorCode,
  errorMessage: string,
  flagMetadata: FlagMetadata,
): ResolutionDetails<T> {
  return { value, reason: 'ERROR', errorCode, errorMessage, flagMetadata };
}
