import type { App, Gateway } from '../gateway.js';
import { serveAudit } from './audit.js';
import { finishOrders } from './carry-on.js';
import { serveExplain } from './explain.js';
import { serveExposureAudit } from './exposure-audit.js';
import { serveExposures } from './exposures.js';
import { serveFeatures } from './features.js';
import { serveKills } from './kills.js';
import { serveOverrides } from './overrides.js';

/** What operators do and see. */
export function serveOperators(app: App, gateway: Gateway): void {
  const routes = [
    serveKills,
    serveOverrides,
    serveAudit,
    serveExplain,
    serveFeatures,
    serveExposures,
    serveExposureAudit,
  ];
  for (const serve of routes) serve(app, gateway);
  finishOrders(app, gateway);
}
