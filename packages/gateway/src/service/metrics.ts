import type { Meter } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { type IMetricReader, MeterProvider } from '@opentelemetry/sdk-metrics';
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
