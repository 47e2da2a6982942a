import type { ErrorCode, FlagMetadata, ResolutionDetails } from '@openfeature/server-sdk';

/** OpenFeature's standard reasons of a success; {@link failed} has ERROR. */
export type Reason = 'DISABLED' | 'SPLIT' | 'TARGETING_MATCH' | 'DEFAULT' | 'STALE';

/** A success. Omits undefined properties: OpenFeature copies every property, which costs more than the evaluation itself. */
export function resolved<T>(
  value: T,
  reason: Reason,
  variant: string | undefined,
  flagMetadata: FlagMetadata | undefined,
): ResolutionDetails<T> {
  if (flagMetadata === undefined) return variant === undefined ? { value, reason } : { value, reason, variant };
  return variant === undefined ? { value, reason, flagMetadata } : { value, reason, variant, flagMetadata };
}

/** A failure: OpenFeature returns the caller's default and the error code. */
export function failed<T>(
  value: T,
  errorCode: ErrorCode,
  errorMessage: string,
  flagMetadata: FlagMetadata = {},
): ResolutionDetails<T> {
  return { value, reason: 'ERROR', errorCode, errorMessage, flagMetadata };
}
