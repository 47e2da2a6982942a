import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { secretText } from '@rampart/core';
import { misused } from '../failure.js';

/** The secret of an embedded database, kept beside it. */
export interface OwnSecret {
  readonly secret: string;
  /** What to say of it; undefined where it was there. */
  readonly note: string | undefined;
}

/** Reads the secret of a data folder and writes nothing: where there is none, it is one for this process alone. */
export function trialSecret(folder: string): OwnSecret {
  const path = join(folder, 'secret');
  try {
    return kept(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return unusable(path, error);
    return { secret: newSecret(), note: `no secret was given: one is made at the start, in ${path}` };
  }
}

/** Reads the secret of a data folder, or makes it. Two that start at once agree on one. */
export function ownSecret(folder: string): OwnSecret {
  const path = join(folder, 'secret');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const secret = newSecret();
    writeFileSync(path, `${secret}\n`, { mode: 0o600, flag: 'wx' });
    return { secret, note: `no secret was given: made one in ${path}, which belongs with the data` };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return unusable(path, error);
  }
  try {
    return kept(path);
  } catch (error) {
    return unusable(path, error);
  }
}

const kept = (path: string): OwnSecret => ({ secret: secretText(readFileSync(path, 'utf8')), note: undefined });
const newSecret = (): string => randomBytes(32).toString('hex');

function unusable(path: string, error: unknown): never {
  return misused(
    `${path}: ${(error as NodeJS.ErrnoException).code ?? 'can not be used'}. Set RAMPART_SECRET, or name a folder that can be written to with --database`,
  );
}
