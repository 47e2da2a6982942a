import type { Meter } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { type IMetricReader, MeterProvider } from '@opentelemetry/sdk-metrics';
import { z } from 'zod';
import type { App, Gateway } from '../gateway.js';
import { RequestDurations } from './request-durations.js';

type ScopeMetrics = Parameters<PrometheusSerializer['serialize']>[0]['scopeMetrics'][number];

/** The counts of one gateway, read by a scrape. */
export interface Metrics {
  readonly meter: Meter;
  readonly requests: RequestDurations;
  /** All of them, as Prometheus reads them. */
  read(): Promise<string>;
  close(): Promise<void>;
}

/** Counts of this gateway alone: nothing is registered for the process. */
export function openMetrics(): Metrics {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  // The exporter may bring a copy of the SDK, whose types are the same and count as others.
  const provider = new MeterProvider({ readers: [exporter as unknown as IMetricReader] });
  const serializer = new PrometheusSerializer('', false, undefined, true, true);
  const scope = { name: '@rampart/gateway' };
  const requests = new RequestDurations();
  return {
    meter: provider.getMeter(scope.name),
    requests,
    async read() {
      const { resourceMetrics } = await exporter.collect();
      const ofRequests = { scope, metrics: requests.collect() } as unknown as ScopeMetrics;
      return serializer.serialize({ ...resourceMetrics, scopeMetrics: [...resourceMetrics.scopeMetrics, ofRequests] });
    },
    close: () => provider.shutdown(),
  };
}

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
