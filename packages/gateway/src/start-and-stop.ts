import { setTimeout as delay } from 'node:timers/promises';
import type { App, Gateway } from './gateway.js';

/** While stopping: how often connections without a request are closed, in ms. */
const IDLE_CHECK = 100;

/** The last part of `stopTimeout` is for sending usage and closing connections: a quarter of it, at most this, in ms. */
const MAX_CLOSE_SHARE_MS = 2_500;
/** The gateway closes within this time where `stopTimeout` is shorter, in ms. */
const MIN_STOP_MS = 1_000;

/** By the instance, for {@link stopGateway}. */
const GATEWAYS = new WeakMap<object, Gateway>();

/**
 * Hooks that start and stop what the gateway is made of. It comes up, unready and closed for AI, also where Unleash or the
 * database is down: both are tried on.
 */
export function startAndStop(app: App, gateway: Gateway, isOwner: boolean): void {
  const { rampart, control, metrics, configuration, log } = gateway;
  GATEWAYS.set(app.server, gateway);
  let cut: NodeJS.Timeout | undefined;
  let ending: NodeJS.Timeout | undefined;
  app.addHook('onReady', (done) => {
    if (isOwner) rampart.provider.initialize().catch((error: Error) => log.error(`rampart: ${error.message}`));
    done();
  });
  app.addHook('preClose', (done) => {
    // Event streams end with this; what else is under way may finish.
    gateway.stopping.begin();
    // A connection whose last answer is out by then would be kept for the next request, which can't come.
    ending = setInterval(() => app.server.closeIdleConnections(), IDLE_CHECK);
    cut = setTimeout(() => {
      log.warn('some requests were not finished in time: cutting them off');
      app.server.closeAllConnections();
    }, requestTimeoutOf(configuration.stopTimeout));
    done();
  });
  // Fastify calls it once the server has finished its requests; usage that they counted is sent then.
  app.addHook('onClose', async () => {
    clearTimeout(cut);
    clearInterval(ending);
    if (isOwner) {
      await rampart.close();
      await control?.close();
    }
    await metrics.close();
  });
}

/**
 * Stops a gateway without failing requests: `/readyz` answers 503, requests are served for another `drainDelay`, then event
 * streams are ended, requests under way finish, usage is sent, and everything is closed. Resolves within `stopTimeout`
 * after the drain, also where Unleash, the database, Redis or an identity provider doesn't answer.
 */
export async function stopGateway(app: App): Promise<void> {
  const gateway = GATEWAYS.get(app.server);
  if (gateway === undefined) return app.close();
  const { configuration, stopping, log } = gateway;
  if (!stopping.isAnnounced && app.server.listening) {
    stopping.announce();
    await delay(configuration.drainDelay);
  }
  const deadline = new AbortController();
  const late = delay(Math.max(MIN_STOP_MS, configuration.stopTimeout), 'late', { signal: deadline.signal });
  try {
    const end = await Promise.race([app.close(), late]);
    if (end === 'late')
      log.warn('stopping took longer than stopTimeout: connections are left to the end of the process');
  } finally {
    late.catch(() => undefined);
    deadline.abort();
  }
}

/** How long requests under way may take, of `stopTimeout` ms. */
function requestTimeoutOf(stopTimeout: number): number {
  return stopTimeout - Math.min(MAX_CLOSE_SHARE_MS, stopTimeout / 4);
}
