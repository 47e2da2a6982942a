// Rampart beside the stock SDK and rivals, as ratios, on Node 20 and Node 24; and what is promised of consent and kills.
// Usage: node main.mjs [--json FILE] [--only ID] [--smoke]
import { fork, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ALLOCATION_FLAGS } from './allocation.mjs';
import { ROWS } from './rows.mjs';
import { footnotes, heading, line, wantedOf } from './table.mjs';

const { values: options } = parseArgs({
  options: { json: { type: 'string' }, only: { type: 'string' }, smoke: { type: 'boolean', default: false } },
});

const rows = options.only === undefined ? ROWS : ROWS.filter((row) => row.id === options.only);
if (rows.length === 0) {
  console.error(`bench: no row ${JSON.stringify(options.only)}; there are ${ROWS.map((row) => row.id).join(', ')}`);
  process.exit(2);
}

const MOST_SECONDS = 120;
const results = [];
let failed = false;
for (const node of nodes()) {
  const own = rows.filter((row) => node.path === process.execPath || !isOnce(row));
  console.log(heading(node.version));
  for (const row of own) {
    const measured = await run(row, node.path).catch((error) => {
      failed = true;
      console.error(`bench: ${row.id} failed on Node ${node.version}: ${error.message}`);
    });
    if (measured === undefined) continue;
    results.push(judge(row, measured));
    console.log(line(row, results.at(-1), measured));
  }
}
console.log(footnotes());
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, null, 2)}\n`);
// A missed row is a result; only a row that could not be measured is a failure.
process.exit(failed ? 1 : 0);

/** Measured once, on the running Node. */
function isOnce({ measure, everyNode }) {
  return measure === 'whole' && everyNode !== true;
}

/** This Node, and the other of 20 and 24 from npm where a row needs it. */
function nodes() {
  const here = { version: process.versions.node, path: process.execPath };
  if (rows.every(isOnce)) return [here];
  const other = here.version.startsWith('24.') ? '20' : '24';
  const found = spawnSync('npx', ['-y', `node@${other}`, '-p', 'process.versions.node + " " + process.execPath'], {
    encoding: 'utf8',
  });
  const [, version, path] = /^(\d+\.\d+\.\d+) (.+)$/m.exec(found.stdout ?? '') ?? [];
  if (version?.startsWith(`${other}.`) && path !== undefined) return [here, { version, path }];
  failed = true;
  console.error(
    `bench: Node ${other} is not to be had through npx, so its rows are missing: ${(found.error?.message ?? found.stderr).trim()}`,
  );
  return [here];
}

function run(row, execPath) {
  return new Promise((resolve, reject) => {
    const file = fileURLToPath(new URL('./run-row.mjs', import.meta.url));
    const child = fork(file, [row.id, ...(options.smoke ? ['--smoke'] : [])], {
      execPath,
      execArgv: flagsOf(row),
      timeout: (row.mostSeconds ?? MOST_SECONDS) * 1_000,
    });
    child.once('message', resolve);
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`it ended with ${code ?? signal} and no result`)));
  });
}

/** Servers are started by TypeScript; what is measured is built. */
function flagsOf({ measure, execArgv = [] }) {
  if (measure === 'whole') return ['--import', import.meta.resolve('tsx'), ...execArgv];
  return measure === 'allocation' ? ALLOCATION_FLAGS : [];
}

function judge({ id, what, strictly, atLeast, unit, ...row }, { value, node, note }) {
  const wanted = wantedOf(row, node);
  const ok = wanted === null || (atLeast ? value >= wanted : strictly ? value < wanted : value <= wanted);
  return { id, what: what.trim(), node, value: Number(value.toFixed(3)), unit, wanted, ok, note };
}
