// The one door of every npm script: check Node, install if needed, build what changed, run the task.
// Usage: node scripts/run.mjs TASK [arguments for its last command]
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** PostgreSQL, MariaDB, Redis, faketime and Chromium, where they are missing: once, before anything needs them. */
const INSTALL_SERVERS = 'tsx test/services/src/install.ts';

/** Steps run one after the other; an inner list runs side by side, and its first end ends the others. */
const TASKS = {
  build: { steps: [] },
  test: { steps: ['tsc -b', INSTALL_SERVERS, 'vitest run'] },
  lint: { steps: ['node scripts/lint.mjs'] },
  format: { steps: ['biome check --write'], build: false },
  demo: { steps: ['tsx examples/support-copilot/src/demo.ts'] },
  dev: { steps: [['tsc -b -w --preserveWatchOutput', 'tsx test/unleash-server/src/dev.ts']] },
  bench: { steps: [INSTALL_SERVERS, 'node test/bench/src/main.mjs'] },
  chaos: { steps: [INSTALL_SERVERS, 'tsx test/chaos/src/main.ts'] },
  soak: { steps: ['node test/bench/src/soak.mjs'] },
  fuzz: { steps: ['tsx test/gateway/src/fuzz/main.ts'] },
  mutation: { steps: ['stryker run'], build: false },
  nightly: { steps: [INSTALL_SERVERS, 'node scripts/nightly.mjs'] },
};

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const env = {
  ...process.env,
  PATH: join(root, 'node_modules', '.bin') + delimiter + process.env.PATH,
  TURBO_TELEMETRY_DISABLED: '1',
  TURBO_NO_UPDATE_NOTIFIER: '1',
};

/** How long a child may take to clean up after a signal before it is killed. */
const GRACE_MS = 15_000;
const groups = new Set();
let stoppedBy;

function signalGroup(group, signal) {
  try {
    process.kill(-group, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

function endAll(signal) {
  for (const group of groups) signalGroup(group, signal);
  setTimeout(() => {
    for (const group of groups) signalGroup(group, 'SIGKILL');
  }, GRACE_MS).unref();
}

/** Ctrl-C arrives twice, from the terminal and through npm, so only the first is passed on. */
function stop(signal) {
  if (stoppedBy) return;
  stoppedBy = signal;
  endAll(signal);
}

/** Runs one command in a process group of its own, so that whatever it started ends with it. */
function run(file, args, { quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: root, env, detached: true, stdio: ['ignore', ...outputs(quiet)] });
    let held = '';
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (held += text));
    child.once('error', reject);
    child.once('spawn', () => {
      groups.add(child.pid);
      if (stoppedBy) signalGroup(child.pid, stoppedBy);
    });
    child.once('exit', () => {
      signalGroup(child.pid, 'SIGKILL');
      groups.delete(child.pid);
    });
    child.once('close', (code, signal) => {
      const exit = code ?? 128 + constants.signals[signal];
      if (exit !== 0 && !stoppedBy) process.stderr.write(held);
      resolve(exit);
    });
  });
}

function outputs(quiet) {
  return quiet ? ['pipe', 'pipe'] : ['inherit', 'inherit'];
}

/** A step that says nothing unless it fails or takes long enough for someone to wonder. */
async function prepare(what, file, args) {
  const started = Date.now();
  const wondering = setTimeout(() => console.error(`rampart: ${what} ...`), 1000);
  const exit = await run(file, args, { quiet: true });
  clearTimeout(wondering);
  if (exit !== 0) finish(exit, `${what} failed`);
  const seconds = (Date.now() - started) / 1000;
  if (seconds > 1) console.error(`rampart: ${what}: done in ${seconds.toFixed(0)} s`);
}

function finish(exit, problem) {
  if (problem && !stoppedBy) console.error(`rampart: ${problem}`);
  process.exit(stoppedBy ? 128 + constants.signals[stoppedBy] : exit);
}

function installed() {
  const lock = join(root, 'package-lock.json');
  const stamp = join(root, 'node_modules', '.package-lock.json');
  return existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(lock).mtimeMs;
}

const [name, ...extra] = process.argv.slice(2);
const task = Object.hasOwn(TASKS, name ?? '') ? TASKS[name] : undefined;
if (!task) finish(2, `no task ${JSON.stringify(name)}; there are ${Object.keys(TASKS).join(', ')}`);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) finish(1, `Node 20.19 or newer is needed; this is ${process.version}`);

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);

if (!installed()) {
  const npm = process.env.npm_execpath;
  await prepare('installing dependencies', ...(npm ? [process.execPath, [npm, 'ci']] : ['npm', ['ci']]));
}
if (task.build !== false)
  await prepare('building', 'turbo', ['run', 'build', '--output-logs=errors-only', '--ui=stream']);

for (const [index, step] of task.steps.entries()) {
  const commands = [step].flat().map((command) => command.split(' '));
  if (index === task.steps.length - 1) commands.at(-1).push(...extra);
  const running = commands.map(([file, ...args]) => run(file, args));
  const exit = await Promise.race(running);
  if (commands.length > 1) endAll('SIGTERM');
  await Promise.all(running);
  if (exit !== 0 || stoppedBy) finish(exit);
}
