import { type Meter, metrics, type ObservableResult } from '@opentelemetry/api';
import type { CacheCounts, CacheStatus } from './cache-status.js';

interface ObservedCache {
  readonly counts: Readonly<CacheCounts>;
  status(): CacheStatus;
}

/** Shows what an operator must see of a cache, to whatever meter provider the service has. Returns how to stop. */
export function observe(cache: ObservedCache, meter: Meter = metrics.getMeter('@rampart/consent')): () => void {
  const { counts } = cache;
  const stops = [
    counter(
      meter,
      'rampart.control.reads',
      'Readings of the control state, by what they met',
      '{reading}',
      (result) => {
        result.observe(counts.hits, { result: 'hit' });
        result.observe(counts.absent, { result: 'absent' });
        result.observe(counts.stale, { result: 'stale' });
        result.observe(counts.ahead, { result: 'ahead' });
      },
    ),
    counter(meter, 'rampart.control.fetches', 'Tenants fetched, by where they came from', '{tenant}', (result) => {
      result.observe(counts.fromSharedCache, { source: 'redis' });
      result.observe(counts.fromDatabase, { source: 'database' });
    }),
    counter(
      meter,
      'rampart.control.closed_for_unknown',
      'Questions closed because nothing could be shown fresh enough',
      '{question}',
      (result) => result.observe(counts.closedForUnknown),
    ),
    gauge(meter, 'rampart.control.proof.age', 'Age of the proof that nothing newer is recorded', 's', (result) => {
      const { proofAge } = cache.status();
      if (proofAge !== undefined) result.observe(proofAge / 1_000);
    }),
    gauge(
      meter,
      'rampart.control.log.lag',
      'Entries of the log known to exist and not folded in',
      '{entry}',
      (result) => result.observe(cache.status().lag),
    ),
    gauge(
      meter,
      'rampart.control.push.lost',
      'Time since hints of changes were lost; 0 while they arrive',
      's',
      (result) => result.observe((cache.status().pushLostFor ?? 0) / 1_000),
    ),
    gauge(meter, 'rampart.control.tenants', 'Tenants at hand', '{tenant}', (result) =>
      result.observe(cache.status().tenants),
    ),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

type Observe = (result: ObservableResult) => void;

function counter(meter: Meter, name: string, description: string, unit: string, read: Observe): () => void {
  const instrument = meter.createObservableCounter(name, { description, unit });
  instrument.addCallback(read);
  return () => instrument.removeCallback(read);
}

function gauge(meter: Meter, name: string, description: string, unit: string, read: Observe): () => void {
  const instrument = meter.createObservableGauge(name, { description, unit });
  instrument.addCallback(read);
  return () => instrument.removeCallback(read);
}
