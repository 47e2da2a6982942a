import type { Command } from 'commander';
import type { DatabaseFlags } from '../control-settings.js';
import { EXIT } from '../failure.js';
import { printJson, type Session } from './command.js';
import { databaseCommand, withControl } from './database-command.js';

interface Flags extends DatabaseFlags {
  readonly json?: boolean;
}

/** `rampart migrate`: the tables, up to date. */
export function migrateCommand(session: Session): Command {
  return databaseCommand('migrate')
    .summary('create the tables, or bring them up to date')
    .description(
      'Forward only; may run twice, also at once. On MySQL and MariaDB it adopts a tenant_ai_consents that is there.',
    )
    .addHelpText('after', '\nExample:\n  rampart migrate')
    .action((flags: Flags) => runMigrate(session, flags));
}

async function runMigrate(session: Session, flags: Flags): Promise<void> {
  await withControl(session, flags, { for: 'read' }, async ({ store }) => {
    const { recorded, restored } = await store.migrate();
    const { epoch, position } = await store.head();
    if (flags.json) printJson(session, { migrated: true, epoch, position, recorded, restored });
    else {
      session.terminal.out(`The tables are up to date. The control log ${epoch} has ${position} entries.\n`);
      if (recorded + restored > 0) session.terminal.out(repairedText(recorded, restored));
    }
    session.end(EXIT.fine);
  });
}

function repairedText(recorded: number, restored: number): string {
  return `tenant_ai_consents: recorded ${recorded} consents that the log did not have, put back ${restored} opt-outs that were removed unseen.\n`;
}
