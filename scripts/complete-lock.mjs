// Adds what package-lock.json lacks of other platforms' optional packages; run it after an npm install that dropped some.
// npm drops those that its registry doesn't serve (mirrors often lack them), and `npm ci` then refuses the lock file everywhere.
// Usage: node scripts/complete-lock.mjs [--check]
import { readFileSync, writeFileSync } from 'node:fs';

const SYSTEMS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const PROCESSORS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'];

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const { packages } = lock;

/** Whether something installed at `at` finds the package, as Node does: its own folder first, then those above. */
function finds(at, name) {
  if (Object.hasOwn(packages, `${at && `${at}/`}node_modules/${name}`)) return true;
  return at !== '' && finds(at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/'))), name);
}

function platformOf(name) {
  const words = name
    .split('/')
    .at(-1)
    .split('-')
    .map((word) => ({ windows: 'win32', 64: 'x64' })[word] ?? word);
  const os = words.find((word) => SYSTEMS.includes(word));
  const cpu = words.find((word) => PROCESSORS.includes(word));
  if (!os || !cpu) throw new Error(`${name} names no platform; add it to package-lock.json by hand`);
  const libc = words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc';
  const named = words.some((word) => /^(?:musl|gnu)/.test(word));
  return { cpu: [cpu], os: [os], ...(os === 'linux' && named ? { libc: [libc] } : {}) };
}

const missing = Object.entries(packages).flatMap(([at, { optionalDependencies = {}, dev = false, license, engines }]) =>
  Object.entries(optionalDependencies)
    .filter(([name]) => !finds(at, name))
    .map(([name, version]) => ({ name, entry: { version, ...(dev && { dev }), license, engines, optional: true } })),
);

if (process.argv.includes('--check')) {
  for (const { name } of missing) console.error(`package-lock.json lacks ${name}: run node scripts/complete-lock.mjs`);
  process.exitCode = missing.length > 0 ? 1 : 0;
} else {
  for (const { name, entry } of missing) packages[`node_modules/${name}`] = { ...entry, ...platformOf(name) };
  lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
  writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`package-lock.json: added ${missing.length}`);
}
