import { readFileSync } from 'node:fs';

/** As `spawn` takes it. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Whom a server runs as that refuses to run as root: the first of these names that the system has.
 * Undefined when this process is not root: then the server runs as the same user.
 *
 * @throws Error when this process is root and the system has none of them.
 */
export function ordinaryUser(names: readonly string[]): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  for (const name of names) {
    const account = accounts.find(([known]) => known === name);
    if (account) return { uid: Number(account[2]), gid: Number(account[3]) };
  }
  throw new Error(`a server may not run as root, and none of the users ${names.join(', ')} exists`);
}
