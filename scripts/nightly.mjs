// The long forms of the tests, one after the other, also after one has failed. Ends with one table.
// Usage: node scripts/nightly.mjs [NAME ...] runs only the named ones. What each printed is in reports/nightly/NAME.log.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync } from 'node:fs';

const FORMS = [
  ['chaos', 'tsx test/chaos/src/main.ts'],
  ['fuzz', 'tsx test/gateway/src/fuzz/main.ts'],
  ['soak', 'node test/bench/src/soak.mjs'],
  ['mutation', 'stryker run'],
];

const only = process.argv.slice(2);
const unknown = only.filter((wanted) => !FORMS.some(([name]) => name === wanted));
if (unknown.length > 0) {
  console.error(`nightly: no form ${unknown.join(', ')}; there are ${FORMS.map(([name]) => name).join(', ')}`);
  process.exit(2);
}

/** Runs one form; what it prints goes to a file, and its exit code and last line to the table. */
async function run(name, command) {
  const log = `reports/nightly/${name}.log`;
  const file = createWriteStream(log);
  const [program, ...args] = command.split(' ');
  const started = Date.now();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let lastLine = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.pipe(file, { end: false });
    stream.setEncoding('utf8').on('data', (text) => {
      lastLine = text.trimEnd().split('\n').at(-1) || lastLine;
    });
  }
  child.on('error', (error) => {
    lastLine = error.message;
  });
  const [code] = await once(child, 'close');
  file.end();
  return {
    name,
    result: code === 0 ? 'passed' : 'FAILED',
    minutes: ((Date.now() - started) / 60_000).toFixed(1),
    lastLine,
    log,
  };
}

mkdirSync('reports/nightly', { recursive: true });
const results = [];
for (const [name, command] of FORMS) {
  if (only.length > 0 && !only.includes(name)) continue;
  console.log(`nightly: ${name} ...`);
  results.push(await run(name, command));
}
console.table(results);
process.exitCode = results.every(({ result }) => result === 'passed') ? 0 : 1;
