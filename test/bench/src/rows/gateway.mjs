// Rows of the gateway: servers on one core, the load client on the other. What they import is loaded when they run.
const comparison = (which) => once(async (options) => (await import('../gateway/comparisons.mjs'))[which](options));
const single = comparison('single');
const singleBare = comparison('singleBare');
const streams = once(async (options) => (await import('../gateway/streams.mjs')).streams(options));

const rates = { measure: 'whole', everyNode: true, atLeast: true, mostSeconds: 300 };

function rate(compare, flags = 1) {
  return async (options) => {
    const { ratio, ours, other } = await compare(options);
    const each = flags === 1 ? 'requests/s' : 'flags/s';
    return {
      value: ratio,
      note: `${whole(ours.rate * flags)} / ${whole(other.rate * flags)} ${each}; p99 ${ours.p99} / ${other.p99} ms`,
    };
  };
}

const whole = (value) => value.toFixed(0);

function ofStreams(read) {
  return async (options) => read(await streams(options));
}

/** One measurement for all rows of a process that read it. */
function once(measure) {
  const measured = new Map();
  return (options) => {
    const key = JSON.stringify(options);
    if (!measured.has(key)) measured.set(key, measure(options));
    return measured.get(key);
  };
}

export const gatewayRows = [
  {
    ...rates,
    id: 'gateway-frontend',
    what: 'Frontend API, 50 plain flags / @unleash/proxy, requests a second',
    wanted: { 20: 5, 24: 2 },
    run: rate(comparison('frontend')),
  },
  {
    ...rates,
    id: 'gateway-single',
    what: 'OFREP, one AI decision / @unleash/proxy with one flag',
    wanted: { 20: 3.4, 24: 1.5 },
    run: rate(single),
  },
  {
    ...rates,
    id: 'gateway-single-p99',
    what: '  its p99 / that of the proxy',
    atLeast: false,
    wanted: 1,
    async run(options) {
      const { p99, ours, other } = await single(options);
      return { value: p99, note: `${ours.p99} / ${other.p99} ms` };
    },
  },
  {
    ...rates,
    id: 'gateway-single-bare',
    what: '  processor time of a bare Fastify route of the same answer / of ours',
    wanted: 0.4,
    async run(options) {
      const { processorTime, ours, other } = await singleBare(options);
      const note = `${ours.processorTime.toFixed(1)} / ${other.processorTime.toFixed(1)} µs; ${whole(ours.rate)} / ${whole(other.rate)} requests/s`;
      return { value: 1 / processorTime, note };
    },
  },
  {
    ...rates,
    id: 'gateway-bulk',
    what: 'OFREP, 500 flags, half of them AI / @unleash/proxy, flags a second',
    wanted: { 20: 2, 24: 1.3 },
    run: rate(comparison('bulk'), 500),
  },
  {
    ...rates,
    id: 'gateway-304',
    what: '  unchanged (304) / the full answer',
    wanted: 3,
    run: rate(comparison('unchanged')),
  },
  {
    id: 'gateway-streams',
    what: '5,000 event streams, a kill until the last is told',
    wanted: 1_000,
    unit: 'ms',
    measure: 'whole',
    mostSeconds: 300,
    run: ofStreams(({ last, first, count }) => ({
      value: last,
      note: `${count} streams; the first after ${first.toFixed(0)} ms`,
    })),
  },
  {
    id: 'gateway-stream-heap',
    what: '  heap of one',
    wanted: 10,
    unit: 'KB',
    measure: 'whole',
    mostSeconds: 300,
    run: ofStreams(({ heap, count }) => ({ value: heap, note: `${count} streams` })),
  },
  {
    id: 'gateway-stream-resident',
    what: '  resident memory of one',
    wanted: 32,
    unit: 'KB',
    measure: 'whole',
    mostSeconds: 300,
    run: ofStreams(({ resident, count }) => ({ value: resident, note: `${count} streams` })),
  },
  {
    id: 'gateway-refetch',
    what: '  p99 of other requests while all of them refetch',
    wanted: 250,
    unit: 'ms',
    measure: 'whole',
    mostSeconds: 300,
    run: ofStreams(({ others, refetched, took }) => ({
      value: others,
      note: `${refetched} refetched in ${took.toFixed(1)} s`,
    })),
  },
  {
    id: 'gateway-webhook',
    what: "an edit in Unleash's UI until two gateways answer so, p99",
    wanted: 2_000,
    unit: 'ms',
    measure: 'whole',
    mostSeconds: 600,
    run: async (options) => (await import('../gateway/webhook.mjs')).webhook(options),
  },
];
