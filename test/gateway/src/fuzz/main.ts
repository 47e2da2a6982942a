// Sends generated requests to every route of a gateway and says what came of them.
// Usage: npm run fuzz -- [--requests 50000] [--seed NUMBER]
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { newCallers } from './callers.js';
import { type FuzzSummary, fuzz } from './fuzz.js';
import { knownValues } from './known-values.js';
import type { Document } from './requests.js';

interface Memory {
  readonly heap: number;
  readonly resident: number;
}

/** What the heap may grow by between the first third and the end: its caches are bounded, and so is what it learnt of tenants. */
const MOST_GROWTH = 32 * 1_024 * 1_024;

const { values } = parseArgs({ options: { requests: { type: 'string' }, seed: { type: 'string' } } });
const requests = Number(values.requests ?? 50_000);
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));

const { credentials, options } = await newCallers();
const child = fork(fileURLToPath(new URL('gateway-process.ts', import.meta.url)), {
  execArgv: ['--expose-gc', '--import', 'tsx'],
});
child.once('exit', (code, signal) => {
  if (code === 0) return;
  console.error(`fuzz: the gateway ended by itself: ${signal ?? code}`);
  process.exit(1);
});
child.send(options);
const { url } = (await answerOf(child)) as { readonly url: string };
await ready(url);

const document = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
const known = await knownValues(url, credentials);
const started = Date.now();
let early: Memory | undefined;
const progress = async (sent: number): Promise<void> => {
  if (sent % 5_000 === 0)
    console.log(`fuzz: ${sent} of ${requests} after ${Math.round((Date.now() - started) / 1_000)} s`);
  if (early === undefined && sent >= requests / 3) early = await memoryOf(child);
};
const summary = await fuzz({ url, document, credentials, known, requests, seed, progress });
const late = await memoryOf(child);
const growth = late.heap - (early ?? late).heap;
const servesOn = await serves(url);
report(summary, growth, late, servesOn);
child.send('stop');
await once(child, 'exit');
process.exitCode = summary.failures.length === 0 && growth <= MOST_GROWTH && servesOn ? 0 : 1;

async function answerOf(from: ChildProcess): Promise<unknown> {
  const [message] = (await once(from, 'message')) as unknown[];
  return message;
}

async function memoryOf(from: ChildProcess): Promise<Memory> {
  const answer = answerOf(from);
  from.send('memory');
  return ((await answer) as { readonly memory: Memory }).memory;
}

async function ready(at: string): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if ((await fetch(`${at}/readyz`)).ok) return;
    await delay(100);
  }
  throw new Error('the gateway did not become ready within a minute');
}

/** Whether it answers as before, plain flags and its readiness. */
async function serves(at: string): Promise<boolean> {
  const answer = await fetch(`${at}/ofrep/v1/evaluate/flags/plain`, {
    method: 'POST',
    headers: { ...credentials['service'], 'content-type': 'application/json' },
    body: '{"context":{"targetingKey":"ana"}}',
  });
  const { value } = (await answer.json()) as { readonly value?: unknown };
  return value === true && (await fetch(`${at}/readyz`)).ok;
}

function report(
  { byStatus, succeeded, routes, slowest, failures, requests: sent }: FuzzSummary,
  grown: number,
  memory: Memory,
  isServing: boolean,
): void {
  const mebibytes = (bytes: number): string => `${(bytes / 1_024 / 1_024).toFixed(1)} MiB`;
  console.log(
    `fuzz: ${sent} requests to ${routes.length} routes, seed ${seed}, in ${Math.round((Date.now() - started) / 1_000)} s`,
  );
  console.log(
    `  by status   ${Object.entries(byStatus)
      .map(([status, count]) => `${status}: ${count}`)
      .join(', ')}`,
  );
  const never = routes.filter((route) => !Object.hasOwn(succeeded, route));
  console.log(
    `  success     on ${routes.length - never.length} routes${never.length === 0 ? '' : `; never on ${never.join(', ')}`}`,
  );
  console.log(`  slowest     ${slowest.map(({ route, took }) => `${route} ${Math.round(took)} ms`).join(', ')}`);
  console.log(
    `  memory      heap grew by ${mebibytes(grown)} from the first third to the end (${mebibytes(MOST_GROWTH)} allowed); resident ${mebibytes(memory.resident)}`,
  );
  console.log(`  afterwards  ${isServing ? 'it serves on' : 'IT SERVES NO MORE'}`);
  for (const { why, sent: what, seed: part } of failures.slice(0, 20))
    console.log(
      `  FAILED      ${why}\n              --seed ${part} --requests 500: ${JSON.stringify(what).slice(0, 500)}`,
    );
  console.log(failures.length === 0 ? 'fuzz: no failure' : `fuzz: ${failures.length} failures`);
}
