// The client has one core, as the server has, and must not be the slower of the two: requests are bytes made beforehand, and
// of an answer only its status and its end are read. (autocannon, which makes each request anew, ends at some 12,000
// a second, less than the servers answer.)
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { median } from '../measure.mjs';

const CONNECTIONS = 32;
const HEAD_END = Buffer.from('\r\n\r\n');
/** Times are counted in steps of so many ms, up to a minute. */
const STEP = 0.05;
const STEPS = 60_000 / STEP;
/** An answer that takes longer, in ms, counts as none. */
const TIMEOUT = 30_000;

/**
 * Asks for so many seconds: each connection one request after the other, beginning at another of the requests; or, with
 * `overallRate`, at fixed times whether answers have come or not: a time that none was free for is waited for, and counted.
 *
 * @param {{ url: string, requests: readonly object[] | (() => Promise<readonly object[]>), seconds: number, expected?: number, connections?: number, overallRate?: number }} load
 * @returns {Promise<{ rate: number, p99: number, count: number }>} answers a second, ms, and answers
 */
export async function load({ url, requests: given, seconds, expected = 200, connections = CONNECTIONS, overallRate }) {
  const { host, hostname, port } = new URL(url);
  const bytes = (typeof given === 'function' ? await given() : given).map((request) => bytesOf(host, request));
  const times = new Times();
  const all = await Promise.all(
    Array.from({ length: connections }, (_, index) =>
      connect({ hostname, port, bytes, expected, times, from: Math.floor((bytes.length * index) / connections) }),
    ),
  );
  const start = performance.now();
  const ended = overallRate === undefined ? askAlways(all, seconds) : askAtRate(all, seconds, overallRate);
  await withinTimeout(ended, seconds);
  const took = (performance.now() - start) / 1_000;
  for (const connection of all) connection.close();
  if (times.count === 0) throw new Error(`${url}: no answer`);
  return { rate: times.count / took, p99: times.percentile(0.99), count: times.count };
}

async function withinTimeout(work, seconds) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('an answer did not come')), seconds * 1_000 + TIMEOUT);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function bytesOf(host, { method, path, headers, body = '' }) {
  const length = method === 'GET' ? {} : { 'content-length': Buffer.byteLength(body) };
  const lines = Object.entries({ host, ...headers, ...length }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`);
}

function askAlways(all, seconds) {
  const end = performance.now() + seconds * 1_000;
  return Promise.all(
    all.map(
      (connection) =>
        new Promise((resolve, reject) => {
          const next = () => (performance.now() < end ? connection.ask(performance.now(), next, reject) : resolve());
          next();
        }),
    ),
  );
}

function askAtRate(all, seconds, rate) {
  const start = performance.now();
  const most = Math.floor(seconds * rate);
  const free = [...all];
  let [asked, answered] = [0, 0];
  return new Promise((resolve, reject) => {
    const timer = setInterval(ask, 1);
    function fail(error) {
      clearInterval(timer);
      reject(error);
    }
    function ask() {
      const due = Math.min(most, Math.floor(((performance.now() - start) * rate) / 1_000));
      while (asked < due && free.length > 0) {
        const connection = free.pop();
        const at = start + (asked * 1_000) / rate;
        asked += 1;
        connection.ask(at, () => back(connection), fail);
      }
    }
    function back(connection) {
      free.push(connection);
      answered += 1;
      if (answered < most) return ask();
      clearInterval(timer);
      resolve();
    }
  });
}

/** One connection, on which one request is under way at a time. */
async function connect({ hostname, port, bytes, expected, times, from }) {
  const socket = createConnection({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  let next = from;
  let [left, head, since] = [0, undefined, 0];
  let [done, failed] = [undefined, undefined];
  const fail = (error) => failed?.(error);
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('the server closed a connection')));
  socket.on('data', (chunk) => {
    if (left > 0) left -= chunk.length;
    else {
      const text = head === undefined ? chunk : Buffer.concat([head, chunk]);
      const end = text.indexOf(HEAD_END);
      head = end === -1 ? text : undefined;
      if (end === -1) return;
      const answer = readHead(text.latin1Slice(0, end));
      if (answer.status !== expected || answer.length === undefined)
        return fail(new Error(`an answer of ${answer.status}, of ${answer.length} bytes: ${text.utf8Slice(0, 600)}`));
      left = answer.length - (text.length - end - HEAD_END.length);
    }
    if (left > 0) return;
    if (left < 0) return fail(new Error('an answer is longer than it says'));
    times.add(performance.now() - since);
    done();
  });
  return {
    ask(at, whenDone, whenFailed) {
      [since, done, failed] = [at, whenDone, whenFailed];
      socket.write(bytes[next]);
      next = (next + 1) % bytes.length;
    },
    close() {
      failed = undefined;
      socket.destroy();
    },
  };
}

function readHead(head) {
  const status = Number(head.slice(9, 12));
  if (status === 304 || status === 204) return { status, length: 0 };
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  return { status, length: length === undefined ? undefined : Number(length) };
}

class Times {
  count = 0;
  #steps = new Uint32Array(STEPS);

  add(milliseconds) {
    this.count += 1;
    this.#steps[Math.min(STEPS - 1, Math.floor(milliseconds / STEP))] += 1;
  }

  /** In ms. */
  percentile(share) {
    let left = Math.ceil(this.count * share);
    const step = this.#steps.findIndex((count) => (left -= count) <= 0);
    return Math.round((step + 1) * STEP * 100) / 100;
  }
}

/**
 * Two servers in turn, so that other programs on the machine slow both: the median of the rounds' ratios of rates, and of
 * their 99th percentiles, and of their processor time.
 */
export async function compareLoad(ours, other, { smoke }) {
  const seconds = smoke ? 1 : 4;
  const rounds = smoke ? 1 : 5;
  // The servers run on core 0.
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', '1', String(process.pid)]);
  const stopSpinning = keepAwake();
  try {
    if (!smoke) for (const side of [ours, other]) await measure(side, 3);
    const pairs = [];
    for (let round = 0; round < rounds; round += 1) {
      const before = round % 2 === 0 ? undefined : await measure(other, seconds);
      const a = await measure(ours, seconds);
      pairs.push({ a, b: before ?? (await measure(other, seconds)) });
    }
    const ratio = (field) => median(pairs.map(({ a, b }) => a[field] / b[field]));
    const medians = (name) =>
      Object.fromEntries(FIELDS.map((field) => [field, median(pairs.map((pair) => pair[name][field]))]));
    return {
      ratio: ratio('rate'),
      p99: ratio('p99'),
      processorTime: ratio('processorTime'),
      ours: medians('a'),
      other: medians('b'),
    };
  } finally {
    stopSpinning();
  }
}

const FIELDS = ['rate', 'p99', 'processorTime'];

/** One load of a server: answers a second, the 99th percentile in ms, and processor time of the server for one answer in µs. */
async function measure({ processorTime, ...side }, seconds) {
  const before = await processorTime();
  const { rate, p99, count } = await load({ ...side, seconds });
  return { rate, p99, processorTime: ((await processorTime()) - before) / count };
}

/** Keeps the client from sleeping between answers: waking a process that sleeps costs the server. */
function keepAwake() {
  let isStopped = false;
  const spin = () => {
    if (!isStopped) setImmediate(spin);
  };
  spin();
  return () => {
    isStopped = true;
  };
}
