import type { FlagSourceEvent } from '@rampart/core';

const REFUSED = /responded 40[13]\b/;
const FETCH_FAILED = /responded .*Backing off|Socket keep alive error/;
const ABOUT_METRICS = /Unleash Metrics error|\/client\/(metrics|register)/;

/** What an `error` event of unleash-client means: a refused key is final, since polling stops for good. */
export function readErrorEvent(cause: unknown): FlagSourceEvent {
  const error = cause instanceof Error ? cause : new Error(String(cause));
  if (ABOUT_METRICS.test(error.message)) return { type: 'warning', message: error.message };
  return { type: REFUSED.test(error.message) ? 'fatal' : 'error', error };
}

/** What a `warn` event means: unleash-client warns, and does not raise an error, of 404, 429 and 5xx. */
export function readWarnEvent(cause: unknown): FlagSourceEvent {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (ABOUT_METRICS.test(message) || !FETCH_FAILED.test(message)) return { type: 'warning', message };
  return { type: 'error', error: new Error(message) };
}
