// Everything `npm run lint` checks. All checks run even when one fails; only failures print their output.
// Usage: node scripts/lint.mjs [NAME ...] runs only the named checks.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const published = readdirSync('packages').filter(
  (folder) => !JSON.parse(readFileSync(`packages/${folder}/package.json`, 'utf8')).private,
);

const checks = [
  ['biome', 'biome check --error-on-warnings'],
  ['oxlint', 'oxlint --type-aware --deny-warnings'],
  ['knip', 'knip --no-progress --no-config-hints'],
  ...published.map((folder) => ['publint', `publint --strict packages/${folder}`]),
  ...published.map((folder) => ['attw', `attw --pack packages/${folder} --ignore-rules cjs-resolves-to-esm`]),
  ['size', 'size-limit'],
  ['openapi', 'redocly lint docs/openapi.json'],
  ['lock', 'node scripts/complete-lock.mjs --check'],
  ['licenses', 'node scripts/check-licenses.mjs'],
  ['words', 'node scripts/check-words.mjs'],
];

/** No lint tells anybody that it ran, nor asks for something newer. */
const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };

const only = process.argv.slice(2);
const unknown = only.filter((wanted) => !checks.some(([name]) => name === wanted));
if (unknown.length > 0) {
  console.error(
    `lint: no check ${unknown.join(', ')}; there are ${[...new Set(checks.map(([name]) => name))].join(', ')}`,
  );
  process.exit(2);
}
let failed = 0;
for (const [name, command] of checks) {
  if (only.length > 0 && !only.includes(name)) continue;
  const started = Date.now();
  const [file, ...args] = command.split(' ');
  const { status, stdout, stderr, error } = spawnSync(file, args, { encoding: 'utf8', env });
  const ok = status === 0;
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${command} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  if (ok) continue;
  failed += 1;
  console.log(error?.message ?? stdout + stderr);
}
console.log(failed === 0 ? 'lint: all clean' : `lint: ${failed} of the checks failed`);
process.exitCode = failed === 0 ? 0 : 1;
