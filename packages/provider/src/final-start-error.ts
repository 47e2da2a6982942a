import { ProviderNotReadyError } from '@openfeature/server-sdk';

/**
 * A start that failed for good: the flag platform refuses the key, or the provider was closed. Only a new provider helps. Its code
 * is PROVIDER_NOT_READY: with PROVIDER_FATAL OpenFeature would answer every caller's default, which may be true.
 */
export class FinalStartError extends ProviderNotReadyError {
  override readonly name = 'FinalStartError';
  /** Whether trying again is useless: always. The event PROVIDER_ERROR that follows says the same in its metadata. */
  readonly final = true;
}
