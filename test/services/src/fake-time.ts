import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newFolder, removeFolder } from './folder.js';
import { ensureInstalled } from './installation.js';
import { requireFile } from './products.js';

/** As `spawn` takes it. */
export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  /** @default the environment of this process */
  readonly env?: NodeJS.ProcessEnv;
}

export interface FakeTimeOptions {
  /**
   * What the clock is wrong by at the start, in seconds; negative: it is behind.
   * @default what the file says already, or 0
   */
  readonly offsetSeconds?: number;
  /**
   * The file that says so, to have one clock for several commands, or to move it from another process.
   * @default a new one
   */
  readonly file?: string;
  /**
   * Whether the monotonic clock (`performance.now()`, timers) is moved too, as no system does but some suspended virtual
   * machines seem to. Moved back, timers wait until it has caught up.
   * @default false: only the wall clock (`Date.now()`)
   */
  readonly monotonic?: boolean;
}

/** A command whose clock can be moved while it runs. */
export interface FakeTime {
  readonly command: string;
  readonly args: readonly string[];
  /** All of it, to be given to `spawn` in place of one's own. */
  readonly env: NodeJS.ProcessEnv;
  readonly file: string;
  /** Moves the clock to this distance from the real one, at once. In seconds; negative: behind. */
  set(offsetSeconds: number): Promise<void>;
  /** Removes the file, if it was made here; its processes should have ended before. */
  stop(): Promise<void>;
}

/** Says how to start a command, its children included, on a clock that can be moved. Works on Linux only. */
export async function withFakeTime(command: Command, options: FakeTimeOptions = {}): Promise<FakeTime> {
  await ensureInstalled(['faketime']);
  const { offsetSeconds, monotonic = false } = options;
  const folder = options.file === undefined ? await newFolder('clock') : undefined;
  const file = options.file ?? join(String(folder), 'offset');
  const set = async (seconds: number): Promise<void> => {
    if (!Number.isFinite(seconds)) throw new RangeError(`an offset is a number of seconds, not ${seconds}`);
    // It is read at every look at the clock, so it must never be seen half written.
    await writeFile(`${file}.next`, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    await rename(`${file}.next`, file);
  };
  if (offsetSeconds !== undefined || !existsSync(file)) await set(offsetSeconds ?? 0);
  return {
    command: command.command,
    args: command.args,
    env: {
      ...(command.env ?? process.env),
      LD_PRELOAD: requireFile('faketime', 'libfaketime.so.1'),
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      ...(monotonic ? {} : { FAKETIME_DONT_FAKE_MONOTONIC: '1' }),
    },
    file,
    set,
    async stop() {
      if (folder !== undefined) await removeFolder(folder);
    },
  };
}
