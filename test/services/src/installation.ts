import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adviceFor, missingOf, type ProductName, packagesOf } from './products.js';
import { run } from './run.js';

/** Where the installation looks and leaves marks; others than the defaults only in tests. */
export interface InstallationPlaces {
  readonly lockFile: string;
  /** Asked by Debian's packages whether they may start their server. */
  readonly policyFile: string;
}

const places: InstallationPlaces = {
  lockFile: join(tmpdir(), 'rampart-services-installation.lock'),
  policyFile: '/usr/sbin/policy-rc.d',
};

/**
 * Sees to it that the programs are there: at once when they are, else by apt-get where this process may do that. No
 * server is started by the installation. Several processes may call it at the same time.
 *
 * @throws Error that says what to install, and what apt-get said if it was tried.
 */
export async function ensureInstalled(names: readonly ProductName[]): Promise<void> {
  const missing = missingOf(names);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) throw new Error(adviceFor(missing));
  try {
    await aptInstall(packagesOf(missing), places);
  } catch (cause) {
    throw new Error(`${adviceFor(missing)}\n${String(cause)}`, { cause });
  }
  const still = missingOf(names);
  if (still.length > 0) throw new Error(`apt-get succeeded, and yet: ${adviceFor(still)}`);
}

/** Installs Debian packages without questions and without starting what they bring. */
export async function aptInstall(
  packages: readonly string[],
  { lockFile, policyFile }: InstallationPlaces,
  env: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const script = fileURLToPath(new URL('./apt-install.sh', import.meta.url));
  await run({ command: 'sh', args: [script, lockFile, policyFile, ...packages], env });
}
