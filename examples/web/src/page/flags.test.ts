import { ProviderStatus } from '@openfeature/react-sdk';
import type { WebDecision } from '@rampart/web-provider';
import { expect, it } from 'vitest';
import { stateOf } from './flags.js';

const OPTED_OUT: WebDecision = { outcome: 'off', enabled: false, gate: 'consent', detail: 'opted_out' };
const NOT_LISTED: WebDecision = { outcome: 'off', enabled: false, detail: 'no_decision' };
const UNCONFIRMED: WebDecision = { outcome: 'off', enabled: false, detail: 'unconfirmed' };
const OPEN: WebDecision = { outcome: 'enabled', enabled: true };
const { NOT_READY, READY, RECONCILING, STALE, ERROR, FATAL } = ProviderStatus;

it.each([
  // What the gateway said counts for as long as the provider believes it.
  [OPEN, READY, 'enabled'],
  [OPEN, STALE, 'enabled'],
  [OPTED_OUT, READY, 'off'],
  [OPTED_OUT, STALE, 'off'],
  // A flag that is not listed is off, where there was a list.
  [NOT_LISTED, READY, 'off'],
  [NOT_LISTED, NOT_READY, 'checking'],
  [NOT_LISTED, RECONCILING, 'checking'],
  [NOT_LISTED, STALE, 'unreachable'],
  [NOT_LISTED, ERROR, 'unreachable'],
  [NOT_LISTED, FATAL, 'unreachable'],
  [UNCONFIRMED, READY, 'checking'],
  [UNCONFIRMED, RECONCILING, 'checking'],
  [UNCONFIRMED, STALE, 'unreachable'],
  [UNCONFIRMED, ERROR, 'unreachable'],
])('%o while the provider is %s: %s', (decision, status, outcome) => {
  expect(stateOf(decision, status)).toMatchObject({ outcome });
});
