import type { App, Gateway } from '../gateway.js';
import { serveSingle } from './single.js';

/** The OpenFeature Remote Evaluation Protocol, 0.3. */
export function serveOfrep(app: App, gateway: Gateway): void {
  serveSingle(app, gateway);
}
