import { Command, Option } from 'commander';
import type { Variables } from '../environment.js';
import type { ExitCode } from '../failure.js';
import { collect } from '../input/pairs.js';
import { printableJson } from '../output/printable.js';
import type { Paint, Terminal } from '../output/terminal.js';

/** What every command is given. */
export interface Session {
  /** For people: what could mislead on a terminal is replaced. */
  readonly terminal: Terminal;
  /** For files, on the standard output: every character as it is. */
  readonly data: (text: string) => void;
  readonly paint: Paint;
  readonly variables: Variables;
  /** Says how the command ended. */
  readonly end: (code: ExitCode) => void;
}

/** Data for another program. */
export function printJson({ terminal }: Session, data: unknown): void {
  terminal.out(`${printableJson(data, 2)}\n`);
}

/** A command with the options that all of them take. */
export function connectedCommand(name: string, reads: 'admin' | 'any'): Command {
  const command = new Command(name)
    .option('--url <url>', 'address of Unleash, with or without /api [UNLEASH_URL]')
    .option('--token-file <file>', 'file with an admin token [UNLEASH_ADMIN_TOKEN holds the token itself]');
  if (reads === 'any') {
    command.option(
      '--client-token-file <file>',
      'file with a client token, used when there is no admin token [UNLEASH_CLIENT_TOKEN]',
    );
  }
  return command
    .option(
      '--project <project>',
      `project in Unleash [UNLEASH_PROJECT] (default: ${reads === 'any' ? 'all that the token sees' : 'default'})`,
    )
    .option(
      '--tiers <list>',
      'the tier ladder, lowest first [RAMPART_TIERS] (default: free,starter,pro,business,enterprise)',
    )
    .option('--json', 'print data as JSON');
}

/** An option that may be given several times. */
export function repeated(flags: string, description: string): Option {
  return new Option(flags, `${description}; may be repeated`).argParser(collect);
}
