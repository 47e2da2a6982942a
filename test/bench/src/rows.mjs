import { consentRows } from './rows/consent.mjs';
import { controlRows } from './rows/control.mjs';
import { decideRows } from './rows/decide.mjs';
import { decideAllRows } from './rows/decide-all.mjs';
import { decideAllAfterEditRows } from './rows/decide-all-after-edit.mjs';
import { gatewayRows } from './rows/gateway.mjs';
import { openFeatureRows } from './rows/openfeature.mjs';
import { rivalRows } from './rows/rivals.mjs';

/**
 * Everything that is measured. `wanted`: at most this (`strictly`: less; `atLeast`: at least), by version of Node where that
 * matters, or null where the figure is only shown.
 */
export const ROWS = [
  ...decideRows,
  ...openFeatureRows,
  ...rivalRows,
  ...decideAllRows,
  ...decideAllAfterEditRows,
  ...consentRows,
  ...controlRows,
  ...gatewayRows,
];
