import { isControlInputError } from '@rampart/core';
import { type DurableControl, isConflictError, isLimitError } from '@rampart/sdk';
import { isKillSwitchError } from '@rampart/sdk/operator';
import type { Gateway } from '../gateway.js';
import { Refusal } from './refusal.js';

/** How much an error may repeat of what was sent: names of fields, or their values too, for operators. */
export type Trust = 'fields' | 'values';

/**
 * Does what needs the control log.
 *
 * @throws Refusal for what the log refuses: 409 with both sides of a conflict, 400, 404 for a kill that is none, 422 for
 * a tenant that has as much as can be recorded
 */
export async function recorded<T>(
  { control }: Gateway,
  work: (control: DurableControl) => Promise<T>,
  trust: Trust = 'fields',
): Promise<T> {
  if (control === undefined)
    throw new Refusal(501, 'not_recorded', 'this gateway was given a control without a database: it records nothing');
  return refused(async () => {
    await control.ready();
    return work(control);
  }, trust);
}

/** Does what may be refused by the control log, also while the log can't be had. @throws Refusal as {@link recorded} */
export async function refused<T>(work: () => Promise<T>, trust: Trust): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw refusalOf(error, trust) ?? error;
  }
}

// The error's own message repeats the id.
const NO_SUCH_KILL = 'there is no live kill of this id: GET /v1/operator/kills lists them';

function refusalOf(error: unknown, trust: Trust): Refusal | undefined {
  if (isControlInputError(error)) {
    const message = trust === 'values' ? error.message : `${error.field}: ${error.fix}`;
    return new Refusal(400, 'invalid_request', message, { details: { field: error.field } });
  }
  if (isConflictError(error)) {
    const { current, yours } = error;
    const message = 'somebody else changed it meanwhile: look at it, then repeat with expected = current.revision';
    return new Refusal(409, 'conflict', message, { details: { current, yours } });
  }
  if (isLimitError(error)) return new Refusal(422, 'limit_reached', error.message, { details: { limit: error.limit } });
  return isKillSwitchError(error) ? new Refusal(404, 'no_such_kill', NO_SUCH_KILL) : undefined;
}
