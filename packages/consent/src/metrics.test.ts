import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { expect, it } from 'vitest';
import { InMemorySharedCache } from '../test/in-memory-shared-cache.js';
import { consent, MemoryLog } from '../test/memory-log.js';
import { ControlCache } from './control-cache.js';

it("reports metrics to the service's meter", async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const log = new MemoryLog();
  const sharedCache = new InMemorySharedCache();
  let now = 10_000;
  const clocks = { monotonic: () => now, wall: () => now };
  const cache = new ControlCache({ log, sharedCache, clocks, meter: provider.getMeter('test') });
  const shown = async () => {
    exporter.reset();
    await reader.forceFlush();
    const metrics = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    return Object.fromEntries(
      metrics.map(({ descriptor, dataPoints }) => [
        `${descriptor.name} (${descriptor.unit})`,
        dataPoints.map(({ attributes, value }) => [...Object.values(attributes), value].join(' ')),
      ]),
    );
  };

  log.append(consent('acme', 'opt_in'));
  cache.read('acme');
  await cache.load('acme');
  cache.read('acme');
  cache.read('globex');
  cache.read('acme', log.revision(9));
  cache.closedForUnknown();
  sharedCache.pushState = { connected: false, lostAt: now - 2_000 };
  now += 1_500;
  expect(await shown()).toEqual({
    'rampart.control.reads ({reading})': ['hit 1', 'absent 1', 'stale 1', 'ahead 1'],
    'rampart.control.fetches ({tenant})': ['redis 0', 'database 1'],
    'rampart.control.closed_for_unknown ({question})': ['1'],
    'rampart.control.proof.age (s)': ['1.5'],
    'rampart.control.log.lag ({entry})': ['0'],
    'rampart.control.push.lost (s)': ['3.5'],
    'rampart.control.tenants ({tenant})': ['1'],
  });
  await cache.close();
  await provider.shutdown();
});
