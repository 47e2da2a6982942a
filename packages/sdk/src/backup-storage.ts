import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '@openfeature/server-sdk';
import type { UnleashConfig } from 'unleash-client';
import file from 'unleash-client/lib/repository/storage-provider-file.js';

type Storage = NonNullable<UnleashConfig['storageProvider']>;
type Contents = Parameters<Storage['set']>[1];

// A CommonJS module: Node's default import is its whole `exports`, a bundler's the class itself.
const FileStorage = (file.default ?? file) as unknown as new (folder: string) => Storage;

/**
 * The backup of flags in a folder, as unleash-client keeps it. A folder or file that can't be written or read is one
 * warning, and not an error of the flags: they are served without a backup. Tried again at each save.
 */
export class BackupStorage implements Storage {
  readonly #folder: string;
  readonly #files: Storage;
  readonly #logger: Logger;
  readonly #warned = new Set<string>();

  constructor(folder: string, logger: Logger) {
    this.#folder = folder;
    this.#files = new FileStorage(folder);
    this.#logger = logger;
  }

  async set(key: string, contents: Contents): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await this.#files.set(key, contents);
      this.#warned.clear();
    } catch (error) {
      this.#warn(writeWarning(this.#folder, error));
    }
  }

  async get(key: string): Promise<Contents | undefined> {
    // Read once, at the start: a folder that can't be written is known before the first flags come.
    const warning = await backupWarning(this.#folder);
    if (warning !== undefined) this.#warn(warning);
    try {
      return await this.#files.get(key);
    } catch (error) {
      const reason = reasonOf(error);
      this.#warn(`the backup of flags in ${this.#folder} cannot be read (${reason}): starting without it`);
      return undefined;
    }
  }

  #warn(message: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.#logger.warn(`rampart: ${message}`);
  }
}

/** The warning that a backup in this folder would bring; undefined where it can be written. Creates nothing. */
export async function backupWarning(folder: string): Promise<string | undefined> {
  for (let path = folder; ; path = dirname(path)) {
    try {
      await access(path, constants.W_OK | constants.X_OK);
      return undefined;
    } catch (error) {
      const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (!isMissing || path === dirname(path)) return writeWarning(folder, error);
    }
  }
}

function writeWarning(folder: string, error: unknown): string {
  return `no backup of flags: ${folder} cannot be written (${reasonOf(error)}). A restart while Unleash is down finds no flags; set TMPDIR, or backupPath of the Unleash options, to a folder that can be written`;
}

function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error as Error).message;
}
