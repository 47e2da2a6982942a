import autocannon from 'autocannon';
import { median } from '../measure.mjs';

const CONNECTIONS = 32;

/**
 * Asks with 32 connections for so many seconds; each begins at another of the requests.
 *
 * @param {{ url: string, requests: readonly object[] | (() => Promise<readonly object[]>), seconds: number, expected?: number, connections?: number, overallRate?: number }} load
 * @returns {Promise<{ rate: number, p99: number }>} answers a second, and ms
 */
export async function load({ url, requests: given, seconds, expected = 200, connections = CONNECTIONS, overallRate }) {
  const requests = typeof given === 'function' ? await given() : given;
  let next = 0;
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    ...(overallRate === undefined ? {} : { overallRate }),
    setupClient(client) {
      const from = Math.floor((requests.length * next) / connections);
      next += 1;
      client.setRequests([...requests.slice(from), ...requests.slice(0, from)]);
    },
  });
  const { statusCodeStats, errors, timeouts, duration, latency } = result;
  const answered = statusCodeStats[expected]?.count ?? 0;
  const others = Object.entries(statusCodeStats).filter(([code]) => Number(code) !== expected);
  if (errors + timeouts > 0 || others.length > 0 || answered === 0)
    throw new Error(`${url}: ${errors} errors, ${timeouts} timeouts, answers ${JSON.stringify(statusCodeStats)}`);
  return { rate: answered / duration, p99: latency.p99 };
}

/**
 * Two servers in turn, so that other programs on the machine slow both: the median of the rounds' ratios of rates, and of
 * their 99th percentiles.
 */
export async function compareLoad(ours, other, { smoke }) {
  const seconds = smoke ? 1 : 4;
  const rounds = smoke ? 1 : 5;
  if (!smoke) for (const side of [ours, other]) await load({ ...side, seconds: 3 });
  const pairs = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = round % 2 === 0 ? undefined : await load({ ...other, seconds });
    const a = await load({ ...ours, seconds });
    pairs.push({ a, b: before ?? (await load({ ...other, seconds })) });
  }
  return {
    ratio: median(pairs.map(({ a, b }) => a.rate / b.rate)),
    p99: median(pairs.map(({ a, b }) => a.p99 / b.p99)),
    ours: { rate: median(pairs.map(({ a }) => a.rate)), p99: median(pairs.map(({ a }) => a.p99)) },
    other: { rate: median(pairs.map(({ b }) => b.rate)), p99: median(pairs.map(({ b }) => b.p99)) },
  };
}
