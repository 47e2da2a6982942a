// Refuses a library whose license asks more of a user of Rampart than to keep its notice.
// Usage: node scripts/check-licenses.mjs
import { readFileSync } from 'node:fs';
import { installedPackages } from './installed-packages.mjs';

const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Python-2.0',
]);

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const problems = [];
for (const at of installedPackages(packages)) {
  const license = packages[at]?.license ?? 'none';
  // Of several licenses one may be chosen, so one that is allowed is enough.
  const isAllowed = license
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some((name) => ALLOWED.has(name));
  if (!isAllowed)
    problems.push(`${at} ${packages[at]?.version}: license ${license}; allowed are ${[...ALLOWED].join(', ')}`);
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
