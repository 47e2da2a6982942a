import { createKillSwitch, type LiveKill, type Pending } from '@rampart/sdk/operator';
import type { Command } from 'commander';
import type { DatabaseFlags } from '../control-settings.js';
import { EXIT } from '../failure.js';
import { renderKills } from '../output/kills.js';
import { printJson, type Session } from './command.js';
import { databaseCommand, withControl } from './database-command.js';

interface Flags extends DatabaseFlags {
  readonly json?: boolean;
}

/** What `--json` prints. */
interface KillsData extends Pending {
  readonly kills: readonly LiveKill[];
}

/** `rampart kills`: what is off now, and what is not finished. */
export function killsCommand(session: Session): Command {
  return databaseCommand('kills')
    .summary('list what is killed now, and what does not hold yet')
    .description('Lists the live kills: what, who, why, since when. Ends with 1 while an order is not finished.')
    .addHelpText('after', '\nExamples:\n  rampart kills\n  rampart kills --json')
    .action((flags: Flags) => runKills(session, flags));
}

async function runKills(session: Session, flags: Flags): Promise<void> {
  await withControl(session, flags, { for: 'read' }, async (control, settings) => {
    const killSwitch = createKillSwitch({ control, journal: settings.journal });
    // What this machine has to finish is known also while the database is not.
    const pending = await killSwitch.pending();
    if (pending.error !== undefined) session.terminal.err(renderKills({ ...pending, kills: [] }, session.paint));
    const kills = await killSwitch.kills();
    const data: KillsData = { kills, ...pending };
    if (flags.json) printJson(session, data);
    else session.terminal.out(renderKills(data, session.paint));
    session.end(pending.orders.length + pending.unreadable.length === 0 ? EXIT.fine : EXIT.findings);
  });
}
