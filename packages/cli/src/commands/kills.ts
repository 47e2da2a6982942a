import type { FlagOff, LiveKill, Pending } from '@rampart/sdk/operator';
import type { Command } from 'commander';
import type { DatabaseFlags } from '../control-settings.js';
import { EXIT } from '../failure.js';
import { renderKills } from '../output/kills.js';
import type { ConnectionFlags } from '../settings.js';
import { connectedCommand, printJson, type Session } from './command.js';
import { withControl, withDatabase } from './database-command.js';
import { killSwitchOf } from './orders.js';

interface Flags extends ConnectionFlags, DatabaseFlags {
  readonly json?: boolean;
}

/** What `--json` prints. */
interface KillsData extends Pending {
  readonly kills: readonly LiveKill[];
  /** Flags that are still off in Unleash although their kill was revived. */
  readonly flagsOff: readonly FlagOff[];
  /** Why Unleash could not be asked whether they are still off. */
  readonly flagsOffError?: string | undefined;
}

/** `rampart kills`: what is off now, and what is not finished. */
export function killsCommand(session: Session): Command {
  return withDatabase(connectedCommand('kills', 'admin'))
    .summary('list what is killed now, and what does not hold yet')
    .description(
      'Lists the live kills (what, who, why, since when), orders that are not finished, and flags that are still off in Unleash after their kill was revived, and why. Ends with 1 while an order is not finished.',
    )
    .addHelpText('after', '\nExamples:\n  rampart kills\n  rampart kills --json')
    .action((flags: Flags) => runKills(session, flags));
}

async function runKills(session: Session, flags: Flags): Promise<void> {
  await withControl(session, flags, { for: 'read' }, async (control, settings) => {
    const killSwitch = killSwitchOf(control, settings, flags, session);
    // What this machine has to finish is known also while the database is not.
    const pending = await killSwitch.pending();
    if (pending.error !== undefined)
      session.terminal.err(renderKills({ ...pending, kills: [], flagsOff: [] }, session.paint));
    const kills = await killSwitch.kills();
    const off = await killSwitch.flagsOff();
    const data: KillsData = { kills, ...pending, flagsOff: off.flags, flagsOffError: off.error };
    if (flags.json) printJson(session, data);
    else session.terminal.out(renderKills(data, session.paint));
    session.end(
      pending.orders.length + pending.unreadable.length + (pending.others?.length ?? 0) === 0
        ? EXIT.fine
        : EXIT.findings,
    );
  });
}
