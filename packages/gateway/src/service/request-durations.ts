import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type HistogramMetricData,
} from '@opentelemetry/sdk-metrics';
import type { FastifyContextConfig, FastifyReply, FastifyRequest } from 'fastify';

/** Boundaries that OpenTelemetry's conventions give to `http.server.request.duration`, in seconds. */
const BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'CONNECT', 'TRACE']);

interface Series {
  readonly attributes: Attributes;
  /** Of each bucket; the last is above all boundaries. */
  readonly counts: number[];
  count: number;
  sum: number;
}

/**
 * The histogram `http.server.request.duration` of OpenTelemetry's semantic conventions. It counts by itself, since an
 * instrument of OpenTelemetry's SDK sorts and serializes the attributes for each value, which costs as much as a decision.
 */
export class RequestDurations {
  readonly #startTime: HrTime = toHrTime(Date.now());
  /** By the route, then by method, status and scheme. */
  readonly #series = new Map<FastifyContextConfig, Map<string, Series>>();

  /** Counts a request that was answered. */
  record(request: FastifyRequest, reply: FastifyReply): void {
    const series = this.#seriesOf(request, reply.statusCode);
    const seconds = reply.elapsedTime / 1_000;
    let bucket = 0;
    // A boundary belongs to the bucket below it.
    while (bucket < BOUNDARIES.length && seconds > (BOUNDARIES[bucket] as number)) bucket += 1;
    series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
    series.count += 1;
    series.sum += seconds;
  }

  /** Everything counted since the start. */
  collect(): HistogramMetricData[] {
    const endTime = toHrTime(Date.now());
    const dataPoints: DataPoint<Histogram>[] = [];
    for (const ofRoute of this.#series.values())
      for (const { attributes, counts, count, sum } of ofRoute.values()) {
        const value = { buckets: { boundaries: BOUNDARIES, counts: [...counts] }, count, sum };
        dataPoints.push({ startTime: this.#startTime, endTime, attributes, value });
      }
    return [
      {
        descriptor: {
          name: 'http.server.request.duration',
          description: 'Duration of HTTP server requests',
          unit: 's',
          valueType: ValueType.DOUBLE,
        },
        aggregationTemporality: AggregationTemporality.CUMULATIVE,
        dataPointType: DataPointType.HISTOGRAM,
        dataPoints,
      },
    ];
  }

  #seriesOf({ routeOptions: { config, url }, method, protocol }: FastifyRequest, status: number): Series {
    let ofRoute = this.#series.get(config);
    if (ofRoute === undefined) {
      ofRoute = new Map();
      this.#series.set(config, ofRoute);
    }
    const verb = METHODS.has(method) ? method : '_OTHER';
    const scheme = protocol === 'https' ? 'https' : 'http';
    const key = `${verb} ${status} ${scheme}`;
    let series = ofRoute.get(key);
    if (series === undefined) {
      const attributes = {
        'http.request.method': verb,
        'http.response.status_code': status,
        'url.scheme': scheme,
        ...(url === undefined ? {} : { 'http.route': url }),
      };
      series = { attributes, counts: Array<number>(BOUNDARIES.length + 1).fill(0), count: 0, sum: 0 };
      ofRoute.set(key, series);
    }
    return series;
  }
}

function toHrTime(milliseconds: number): HrTime {
  return [Math.floor(milliseconds / 1_000), (milliseconds % 1_000) * 1_000_000];
}
