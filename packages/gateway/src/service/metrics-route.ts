import { z } from 'zod';
import type { App, Gateway } from '../gateway.js';

/** Measures every request. */
export function measureRequests(app: App, { metrics: { requests } }: Gateway): void {
  app.addHook('onResponse', (request, reply, done) => {
    requests.record(request, reply);
    done();
  });
}

/**
 * What Prometheus scrapes. It asks for a key unless the configuration says `anyone`: routes and counts tell competitors how
 * much is asked, Prometheus can send a key from a file, and an address such as the loopback one is also that of a proxy on
 * the same machine.
 */
export function serveMetrics(app: App, { metrics, configuration }: Gateway): void {
  const callers = configuration.metrics === 'anyone' ? 'anyone' : (['operator', 'service'] as const);
  app.get(
    '/metrics',
    {
      config: { callers, isUnlimited: true },
      schema: {
        tags: ['service'],
        summary: 'Counts and durations, as Prometheus reads them',
        response: { 200: { description: 'Counts', content: { 'text/plain': { schema: z.string() } } } },
      },
    },
    async (_request, reply) => reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics.read()),
  );
}
