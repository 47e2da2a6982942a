// @ts-check
// A server is more than its first process: PostgreSQL's backends are in sessions of their own, so a group is not enough.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** @typedef {{ pid: number, parent: number, state: import('./process-tree.mjs').ProcessState }} Entry */

/** @type {typeof import('./process-tree.mjs').stateOf} */
export function stateOf(pid) {
  return processes().find((entry) => entry.pid === pid)?.state ?? 'gone';
}

/** @type {typeof import('./process-tree.mjs').processTree} */
export function processTree(pid) {
  const all = processes().filter(({ state }) => state !== 'gone');
  const tree = all.filter((entry) => entry.pid === pid).map((entry) => entry.pid);
  // The list grows while it is walked: children are appended behind their parents.
  for (const parent of tree) tree.push(...all.filter((entry) => entry.parent === parent).map((entry) => entry.pid));
  return tree;
}

/** @type {typeof import('./process-tree.mjs').stopTree} */
export function stopTree(pid) {
  /** @type {Set<number>} */
  const stopped = new Set();
  for (;;) {
    const fresh = processTree(pid).filter((member) => !stopped.has(member));
    if (fresh.length === 0) return [...stopped];
    for (const member of fresh) {
      signal(member, 'SIGSTOP');
      stopped.add(member);
    }
  }
}

/** @type {typeof import('./process-tree.mjs').continueTree} */
export function continueTree(pid) {
  for (const member of processTree(pid)) signal(member, 'SIGCONT');
}

/** @type {typeof import('./process-tree.mjs').killTree} */
export function killTree(pid) {
  // Stopped first, so that nobody starts anybody; the root last, so that nobody sees it gone and tidies up.
  const tree = stopTree(pid);
  for (const member of tree.toReversed()) signal(member, 'SIGKILL');
  return tree;
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} name
 */
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/** @returns {Entry[]} */
function processes() {
  return existsSync('/proc/self/stat') ? fromProc() : fromPs();
}

/** @returns {Entry[]} */
function fromProc() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const text = statLine(name);
      // The name stands in brackets and may hold anything, brackets too.
      const [letter = '', parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return text === '' ? [] : [{ pid: Number(name), parent: Number(parent), state: stateFrom(letter) }];
    });
}

/** @param {string} pid */
function statLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}

/** @returns {Entry[]} */
function fromPs() {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' }).trim().split('\n');
  return lines.map((line) => {
    const [pid, parent, state = ''] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), state: stateFrom(state) };
  });
}

/**
 * @param {string} letters
 * @returns {import('./process-tree.mjs').ProcessState}
 */
function stateFrom(letters) {
  if (letters.startsWith('T')) return 'stopped';
  return /^[ZX]/.test(letters) ? 'gone' : 'running';
}
