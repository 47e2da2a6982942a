import type { Meter } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { type IMetricReader, MeterProvider } from '@opentelemetry/sdk-metrics';
import { z } from 'zod';
import type { App, Gateway } from '../gateway.js';

/** Boundaries that OpenTelemetry's conventions give to `http.server.request.duration`, in seconds. */
const BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** The counts of one gateway, read by a scrape. */
export interface Metrics {
  readonly meter: Meter;
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
  return {
    meter: provider.getMeter('@rampart/gateway'),
    read: async () => serializer.serialize((await exporter.collect()).resourceMetrics),
    close: () => provider.shutdown(),
  };
}

/** Measures every request by OpenTelemetry's conventions. */
export function measureRequests(app: App, { metrics }: Gateway): void {
  const duration = metrics.meter.createHistogram('http.server.request.duration', {
    description: 'Duration of HTTP server requests',
    unit: 's',
    advice: { explicitBucketBoundaries: BOUNDARIES },
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url;
    duration.record(reply.elapsedTime / 1_000, {
      'http.request.method': METHODS.has(request.method) ? request.method : '_OTHER',
      'http.response.status_code': reply.statusCode,
      'url.scheme': request.protocol,
      ...(route === undefined ? {} : { 'http.route': route }),
    });
    done();
  });
}

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'CONNECT', 'TRACE']);

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
