import type { DurableControl } from '@rampart/sdk';
import { Command } from 'commander';
import { type ControlSettings, type DatabaseFlags, openControl, readControlSettings } from '../control-settings.js';
import type { Session } from './command.js';

/** Adds the options that say where the database is. */
export function withDatabase(command: Command): Command {
  return command
    .option(
      '--database <url>',
      'PostgreSQL, MySQL or MariaDB without a password, or the folder of an embedded one [RAMPART_DATABASE_URL, DATABASE_URL]',
    )
    .option(
      '--secret-file <file>',
      'file with the secret that signs the control log [RAMPART_SECRET holds the secret itself]',
    )
    .option(
      '--accepted-secret-file <file>',
      'file with secrets that count too while secrets are rotated, one a line [RAMPART_ACCEPTED_SECRETS]',
    )
    .option('--redis-url <url>', 'Redis, without a password: tells your services at once [REDIS_URL]')
    .option(
      '--control-environment <name>',
      "the option environment of your services' createControl [RAMPART_ENVIRONMENT]",
    );
}

/** The option of every command that writes one entry: flags and description. */
export const ENTRY_ID: readonly [flags: string, description: string] = [
  '--entry-id <id>',
  'id of its entry in the control log: the same command repeated with it is recorded once (default: a new one)',
];

/** A command that speaks to the database alone. */
export function databaseCommand(name: string): Command {
  return withDatabase(new Command(name)).option('--json', 'print data as JSON');
}

/** A command that does nothing itself. */
export function groupCommand(name: string, description: string): Command {
  return new Command(name).description(description);
}

/** What a command does with the control state. */
export interface ControlWork {
  /** `write` announces changes to other processes through Redis; `read` changes nothing. */
  readonly for: 'read' | 'write';
}

/**
 * Opens the control state for one command, and closes it. Only `rampart migrate` creates or changes tables: a database
 * without them may be the wrong one.
 */
export async function withControl<T = void>(
  session: Session,
  flags: DatabaseFlags,
  work: ControlWork,
  use: (control: DurableControl, settings: ControlSettings) => Promise<T>,
): Promise<T> {
  const settings = readControlSettings(flags, session.variables);
  const redis = work.for === 'write' ? settings.redis : undefined;
  const control = openControl({ ...settings, redis }, { migrate: false });
  try {
    return await use(control, settings);
  } finally {
    await control.close();
  }
}
