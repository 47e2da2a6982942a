import { setTimeout as delay } from 'node:timers/promises';
import type { App, Gateway } from './gateway.js';

/** While stopping: how often connections without a request are closed, in ms. */
const IDLE_CHECK = 100;

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
    }, configuration.stopTimeout);
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
 * Stops a gateway so that nobody notices who is sent elsewhere by then: `/readyz` says 503, requests are served for another
 * `drainDelay`, then event streams are ended, requests under way finish, usage is sent, and everything is closed.
 */
export async function stopGateway(app: App): Promise<void> {
  const gateway = GATEWAYS.get(app.server);
  if (gateway !== undefined && !gateway.stopping.isAnnounced && app.server.listening) {
    gateway.stopping.announce();
    await delay(gateway.configuration.drainDelay);
  }
  await app.close();
}
