import { ProviderNotReadyError } from '@openfeature/server-sdk';

/**
 * A start that failed permanently: the flag platform refuses the key, or the provider was closed. Create a new provider. The code is
 * PROVIDER_NOT_READY: with PROVIDER_FATAL OpenFeature would return every caller's default, which may be true.
 */
export class FinalStartError extends ProviderNotReadyError {
  override readonly name = 'FinalStartError';
  /** A retry can't succeed. The PROVIDER_ERROR event that follows has the same field in its metadata. */
  readonly final = true;

  constructor(message: string) {
    super(message);
    // OpenFeature's constructor sets its own prototype, which would break `instanceof FinalStartError`.
    Object.setPrototypeOf(this, FinalStartError.prototype);
  }
}
