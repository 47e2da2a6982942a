// Ten minutes at 70% of the highest rate: no error, heap flat, p99 flat. Usage: node soak.mjs [--minutes 10]
import { parseArgs } from 'node:util';
import { aiFlags, plainFlags } from './gateway/flag-sets.mjs';
import { load } from './gateway/load.mjs';
import { frontendRequests, ofrepRequests, openPlace } from './gateway/place.mjs';
import { median } from './measure.mjs';

const SHARE = 0.7;
/** What later minutes may add to the first ones, before it counts as growth. */
const FLAT = { heap: 1.1, p99: 1.5 };

const { values: options } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(options.minutes);
if (!(minutes >= 1)) {
  console.error(`soak: --minutes ${JSON.stringify(options.minutes)}: say a number from 1`);
  process.exit(2);
}

const place = await openPlace([...plainFlags(20), ...aiFlags(5)]);
try {
  process.exitCode = await soak(await place.gateway());
} finally {
  await place.stop();
}

async function soak(gateway) {
  const requests = mixed();
  await load({ url: gateway.url, requests, seconds: 5 });
  const highest = median(
    [
      await load({ url: gateway.url, requests, seconds: 5 }),
      await load({ url: gateway.url, requests, seconds: 5 }),
    ].map(({ rate }) => rate),
  );
  const overallRate = Math.round(highest * SHARE);
  console.log(`highest rate ${highest.toFixed(0)} requests/s; ${overallRate} for ${minutes} minutes\n`);
  console.log('minute  requests/s  p99 ms  heap MB  resident MB');
  const rows = [];
  for (let minute = 1; minute <= minutes; minute += 1) {
    const { rate, p99 } = await load({ url: gateway.url, requests, seconds: 60, overallRate });
    const { heapUsed, rss } = await gateway.memory();
    rows.push({ rate, p99, heap: heapUsed / 2 ** 20, resident: rss / 2 ** 20 });
    const { heap, resident } = rows.at(-1);
    console.log(
      [minute, rate.toFixed(0), p99, heap.toFixed(1), resident.toFixed(0)]
        .map((cell) => String(cell).padStart(8))
        .join('  '),
    );
  }
  return verdict(rows);
}

/** The last third beside the first: medians, so that one bad minute of the machine is none of ours. */
function verdict(rows) {
  const third = Math.max(1, Math.floor(rows.length / 3));
  const grown = Object.entries(FLAT).map(([what, most]) => {
    const [before, after] = [rows.slice(0, third), rows.slice(-third)].map((part) =>
      median(part.map((row) => row[what])),
    );
    console.log(`${what}: ${before.toFixed(1)} to ${after.toFixed(1)}, ${after <= before * most ? 'flat' : 'GROWN'}`);
    return after > before * most;
  });
  console.log('no errors');
  return grown.some(Boolean) ? 1 : 0;
}

/** Single decisions mostly, whole lists of pages, and bulk answers. */
function mixed() {
  const single = ofrepRequests('/ofrep/v1/evaluate/flags/ai.feature-0', place.key);
  const bulk = ofrepRequests('/ofrep/v1/evaluate/flags', place.key);
  const page = frontendRequests('/api/frontend', place.token);
  return single.map((request, index) => (index % 10 === 0 ? bulk[index] : index % 5 === 1 ? page[index] : request));
}
