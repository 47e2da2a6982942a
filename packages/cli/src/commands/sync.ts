import { setTimeout as pause } from 'node:timers/promises';
import type { DurableControl } from '@rampart/sdk';
import { createFlagEditReader, type FlagEditReader, type KillSwitch, type Patience } from '@rampart/sdk/operator';
import type { Command } from 'commander';
import type { DatabaseFlags } from '../control-settings.js';
import { EXIT, type ExitCode, exitCodeOf, messageOf } from '../failure.js';
import { readDuration } from '../input/moment.js';
import { renderUnfinished } from '../output/kills.js';
import { counted, oneLine } from '../output/table.js';
import type { ConnectionFlags } from '../settings.js';
import { connectedCommand, printJson, type Session } from './command.js';
import { withControl, withDatabase } from './database-command.js';
import { isSound, killSwitchOf, patiently, printOrder, readTimeout, requireAdmin } from './orders.js';

interface Flags extends ConnectionFlags, DatabaseFlags {
  readonly watch?: boolean;
  readonly interval: string;
  readonly timeout: string;
  readonly adopt?: string;
  readonly serverName?: string;
  readonly json?: boolean;
}

/** A command that has only just begun may still be at it. */
const LEAVE_RECENT = 60_000;

const EXAMPLES = `
Examples:
  rampart sync
  rampart sync --watch --interval 5s

Flag edits are counted within the server's name, by default its address: give it another address, and they are read again.`;

/** `rampart sync`: finishes what was cut short, and copies flag edits into the control log. */
export function syncCommand(session: Session): Command {
  return withDatabase(connectedCommand('sync', 'admin'))
    .summary('finish pending halves, and read flag edits into the control log')
    .description(
      'Finishes kills and revivals that were cut short, and copies the flag edits of the Unleash UI into the control log, each exactly once.',
    )
    .option('--watch', 'go on until you stop it')
    .option('--interval <time>', 'pause between two rounds of --watch', '5s')
    .option('--timeout <time>', 'stop trying after so many seconds, or e.g. 2m', '30')
    .option(
      '--adopt <id>',
      'first make this order, or all, of another database one for this database: rampart kills lists them',
    )
    .option('--server-name <name>', 'names this Unleash in the control log (default: its address)')
    .addHelpText('after', EXAMPLES)
    .action((flags: Flags) => runSync(session, flags));
}

interface Parts {
  readonly control: DurableControl;
  readonly killSwitch: KillSwitch;
  readonly reader: FlagEditReader;
}

async function runSync(session: Session, flags: Flags): Promise<void> {
  const interval = readDuration('--interval', flags.interval);
  const admin = requireAdmin(flags, session);
  await withControl(session, flags, { for: 'write' }, async (control, settings) => {
    const killSwitch = killSwitchOf(control, settings, flags, session);
    const reader = createFlagEditReader({ store: control.store, admin, server: flags.serverName ?? admin.url });
    if (flags.adopt !== undefined) await killSwitch.adopt(flags.adopt);
    const parts = { control, killSwitch, reader };
    if (flags.watch !== true) session.end(await once(session, flags, parts));
    else
      await patiently(session, { json: true }, (patience) => watch(session, flags, parts, { ...patience, interval }));
  });
}

async function once(session: Session, flags: Flags, parts: Parts): Promise<ExitCode> {
  const resumed = await patiently(session, flags, (patience) => parts.killSwitch.resume(patience));
  const edits = await readEdits(parts);
  const { reports, unreadable, others = [], error } = resumed;
  if (flags.json) printJson(session, { ...resumed, flagEdits: edits });
  else {
    for (const report of reports) printOrder(session, report);
    const rest = renderUnfinished({ orders: [], unreadable, others, error }, session.paint);
    const read =
      'count' in edits ? counted(edits.count, 'new flag edit') : `flag edits not read: ${oneLine(edits.error)}`;
    session.terminal.out(`${[...rest, `${counted(reports.length, 'order')} under way, ${read}.`].join('\n')}\n`);
  }
  if (error !== undefined || 'error' in edits) return EXIT.failed;
  return reports.every(isSound) && unreadable.length + others.length === 0 ? EXIT.fine : EXIT.findings;
}

async function readEdits({ control, reader }: Parts): Promise<{ readonly count: number } | { readonly error: string }> {
  try {
    await control.ready();
    return { count: await reader.readOnce() };
  } catch (error) {
    if (exitCodeOf(error) === undefined) throw error;
    return { error: messageOf(error) };
  }
}

async function watch(
  session: Session,
  flags: Flags,
  { control, killSwitch, reader }: Parts,
  { signal = new AbortController().signal, interval }: Patience & { readonly interval: number },
): Promise<void> {
  const say = (line: string): void => session.terminal.out(`${new Date().toISOString()} ${oneLine(line)}\n`);
  const onFailure = (error: string): void => say(`flag edits: ${error}`);
  const edits = async (): Promise<void> => {
    while (!(await isReady(control, onFailure)) && !signal.aborted) await rest(interval, signal);
    await reader.follow({ interval, signal, onFailure, onEdits: (count) => say(counted(count, 'new flag edit')) });
  };
  const orders = async (): Promise<void> => {
    while (!signal.aborted) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(readTimeout(flags.timeout))]);
      const { reports, error } = await killSwitch.resume({ signal: limit, leaveRecent: LEAVE_RECENT });
      for (const report of reports) printOrder(session, report);
      if (error !== undefined) say(`orders: ${error}`);
      await rest(interval, signal);
    }
  };
  await Promise.all([edits(), orders()]);
}

async function isReady(control: DurableControl, onFailure: (error: string) => void): Promise<boolean> {
  try {
    await control.ready();
    return true;
  } catch (error) {
    onFailure((error as Error).message);
    return false;
  }
}

const rest = (interval: number, signal: AbortSignal): Promise<void> =>
  pause(interval, undefined, { signal }).catch(() => {});
