const MARKER = Symbol.for('rampart.KillSwitchError');

/** An order that is refused before anything was done. The message names what is wrong and the fix. */
export class KillSwitchError extends Error {
  override readonly name = 'KillSwitchError';

  constructor(message: string) {
    super(message);
    Object.defineProperty(this, MARKER, { value: true });
  }
}

/** Whether a caught value is a {@link KillSwitchError}, also of another copy of this package. */
export function isKillSwitchError(value: unknown): value is KillSwitchError {
  return typeof value === 'object' && value !== null && MARKER in value;
}
