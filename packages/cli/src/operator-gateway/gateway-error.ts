const MARKER = Symbol.for('rampart.GatewayError');

/** What is known of a request that failed. */
export interface GatewayErrorOptions {
  /** Whether the gateway refuses the operation itself, e.g. a conflict. @default false */
  readonly isRefusal?: boolean | undefined;
  /** The status of the answer; undefined where there was none. */
  readonly status?: number | undefined;
  /** The gateway's own code, e.g. `no_such_kill`. */
  readonly code?: string | undefined;
  /** Whether a repeat of the same request may succeed. */
  readonly isTransient?: boolean | undefined;
  /** Whether the gateway may have carried the request out all the same. */
  readonly isAmbiguous?: boolean | undefined;
  /** How long to wait before a repeat, in ms. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** A request to a gateway that was refused, or has no answer that can be used. The message holds no key. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly isRefusal: boolean;
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly isTransient: boolean;
  readonly isAmbiguous: boolean;
  readonly retryAfterMs: number;

  constructor(message: string, options: GatewayErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.isRefusal = options.isRefusal ?? false;
    this.status = options.status;
    this.code = options.code;
    this.isTransient = options.isTransient ?? false;
    this.isAmbiguous = options.isAmbiguous ?? false;
    this.retryAfterMs = options.retryAfterMs ?? 0;
    Object.defineProperty(this, MARKER, { value: true });
  }
}

/** Whether a caught value is a {@link GatewayError}. */
export function isGatewayError(value: unknown): value is GatewayError {
  return typeof value === 'object' && value !== null && MARKER in value;
}
