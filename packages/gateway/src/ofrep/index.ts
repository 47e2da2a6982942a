import { Digests } from '../decisions/digests.js';
import type { App, Gateway } from '../gateway.js';
import { serveBulk } from './bulk.js';
import { EventStreams } from './event-streams.js';
import { serveEvents } from './events.js';
import { Freshness } from './freshness.js';
import { serveSingle } from './single.js';
import { StreamTickets } from './stream-tickets.js';

/** The OpenFeature Remote Evaluation Protocol, 0.3. */
export function serveOfrep(app: App, gateway: Gateway): void {
  const { configuration, rampart } = gateway;
  const digests = new Digests(configuration);
  const freshness = new Freshness(rampart, digests);
  const streams = new EventStreams(configuration, () => freshness.validator());
  const parts = { digests, freshness, streams, streamTickets: new StreamTickets(configuration) };
  serveSingle(app, gateway);
  serveBulk(app, gateway, parts);
  serveEvents(app, gateway, parts);
}
