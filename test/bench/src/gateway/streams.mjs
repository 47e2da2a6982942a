import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignJWT } from 'jose';
import { quantile } from '../measure.mjs';
import { aiFlags, plainFlags, TENANTS, tenantOf, userOf } from './flag-sets.mjs';
import { ofrepRequests, openPlace } from './place.mjs';

const BULK = '/ofrep/v1/evaluate/flags';
const USERS = 'a shared key of the benchmark, for the tokens of its users';
const IDENTITY = { issuer: 'bench', audience: 'bench', algorithms: ['HS256'], sharedKey: USERS };
/** Between two of the questions whose waiting is measured, in ms. */
const PROBE = 5;

/**
 * So many pages that each hold a stream open; one kill; each asks again when it is told. Other requests go on meanwhile.
 *
 * @returns `first` and `last` told, in ms since the kill was asked for; `heap` and `resident` of one stream in KB; `others`:
 * p99 of other requests from the kill until the last page had its answer, in ms; `took`: that time in s
 */
export async function streams({ smoke }) {
  const count = smoke ? 50 : 5_000;
  const place = await openPlace([...plainFlags(20), ...aiFlags(5)]);
  try {
    const gateway = await place.gateway({ identity: IDENTITY, limits: LIMITS });
    const tokens = await usersTokens();
    await inTurns(Math.ceil(count / 10), (index) => askAll(gateway, pageHeaders(place, tokens, index)));
    // Before the pages came: what answering them all leaves resident is counted as theirs.
    const before = await gateway.memory();
    const pages = await inTurns(count, (index) => askAll(gateway, pageHeaders(place, tokens, index)));
    await inTurns(count, (index) => openStream(gateway, pages[index]));
    await sleep(smoke ? 100 : 2_000);
    const after = await gateway.memory();
    return {
      count,
      heap: (after.heapUsed - before.heapUsed) / count / 1024,
      resident: (after.rss - before.rss) / count / 1024,
      ...(await killAndRefetch(gateway, place, pages)),
    };
  } finally {
    await place.stop();
  }
}

const PLENTY = { points: 1_000_000, seconds: 1 };
const LIMITS = { perKey: PLENTY, perUser: PLENTY, perAddress: PLENTY, refusedPerAddress: PLENTY };

async function killAndRefetch(gateway, place, pages) {
  const probe = startProbe(gateway, place.key);
  await sleep(500);
  const start = performance.now();
  const answered = pages.map(async (page) => {
    const told = await page.told;
    await askAll(gateway, { ...page.headers, 'if-none-match': page.etag }, page.query(told));
    return { told: told.at - start, answered: performance.now() - start };
  });
  await kill(gateway, place.key);
  const times = await Promise.all(answered);
  const others = probe.stop(start);
  return {
    first: Math.min(...times.map(({ told }) => told)),
    last: Math.max(...times.map(({ told }) => told)),
    took: Math.max(...times.map((time) => time.answered)) / 1_000,
    refetched: times.length,
    others: quantile(others, 0.99),
  };
}

async function kill({ url }, key) {
  const response = await fetch(`${url}/v1/operator/kills`, {
    method: 'POST',
    headers: { authorization: `Bearer operator ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ scope: { feature: 'ai.feature-0' }, reason: 'bench' }),
  });
  if (!response.ok) throw new Error(`the kill was answered ${response.status}: ${await response.text()}`);
}

function usersTokens() {
  const sign = (index) =>
    new SignJWT({ sub: userOf(index), tenant_id: tenantOf(index), tier: 'pro', labels: [] })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(IDENTITY.issuer)
      .setAudience(IDENTITY.audience)
      .setExpirationTime('1h')
      .sign(new TextEncoder().encode(USERS));
  return Promise.all(Array.from({ length: TENANTS * 10 }, (_, index) => sign(index)));
}

function pageHeaders({ token }, tokens, index) {
  return {
    authorization: token,
    'x-rampart-identity': tokens[index % tokens.length],
    'content-type': 'application/json',
  };
}

const agent = new Agent({ keepAlive: true, maxSockets: 256 });
/** Never waits for a connection that a page has. */
const probes = new Agent({ keepAlive: true });

/** One page's question about all flags. */
async function askAll({ url }, headers, query = '') {
  const { statusCode, headers: answered, body } = await ask(`${url}${BULK}${query}`, headers, '{"context":{}}');
  if (statusCode === 304) return { headers };
  if (statusCode !== 200) throw new Error(`a page was answered ${statusCode}: ${body}`);
  const { eventStreams } = JSON.parse(body);
  return { headers, etag: answered.etag, stream: eventStreams[0].endpoint.requestUri };
}

function ask(url, headers, body, by = agent) {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(url, { method: 'POST', headers, agent: by }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.once('end', () =>
        resolve({ statusCode: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() }),
      );
      response.once('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Opens a page's stream; `page.told` resolves with the first event after that. */
function openStream({ url }, page) {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(`${url}${page.stream}`, { agent: false }, (response) => {
      if (response.statusCode !== 200) {
        reject(new Error(`a stream was answered ${response.statusCode}`));
        return;
      }
      // When the gateway ends, so does the stream.
      response.on('error', () => {});
      page.told = new Promise((tell) => {
        response.on('data', (chunk) => {
          const text = chunk.toString();
          if (text.includes('refetchEvaluation')) tell({ at: performance.now(), text });
        });
      });
      page.query = ({ text }) => {
        const { etag } = JSON.parse(/^data: (.*)$/m.exec(text)[1]);
        return `?flagConfigEtag=${encodeURIComponent(etag)}`;
      };
      resolve();
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Never more than 64 at once. */
async function inTurns(count, make) {
  const results = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) results[index] = await make(index);
  };
  await Promise.all(Array.from({ length: 64 }, worker));
  return results;
}

/** Asks one decision after the other, at fixed times whether the one before has come back or not. */
function startProbe({ url }, key) {
  const requests = ofrepRequests(`${BULK}/ai.feature-1`, key);
  const times = [];
  let index = 0;
  const timer = setInterval(() => {
    const { headers, body } = requests[index++ % requests.length];
    const at = performance.now();
    const entry = { at, took: Number.POSITIVE_INFINITY };
    times.push(entry);
    void probe(entry, headers, body);
  }, PROBE);
  let [failure, isStopped] = [undefined, false];
  async function probe(entry, headers, body) {
    try {
      await ask(`${url}${BULK}/ai.feature-1`, headers, body, probes);
      entry.took = performance.now() - entry.at;
    } catch (error) {
      // What is under way when it stops counts with the time that it has taken so far.
      if (!isStopped) failure ??= error;
    }
  }
  return {
    stop(from) {
      clearInterval(timer);
      if (failure !== undefined) throw new Error('a probe failed', { cause: failure });
      isStopped = true;
      const now = performance.now();
      return times.filter(({ at }) => at >= from).map(({ at, took }) => Math.min(took, now - at));
    },
  };
}
