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
    await store.migrate();
    const { epoch, position } = await store.head();
    if (flags.json) printJson(session, { migrated: true, epoch, position });
    else session.terminal.out(`The tables are up to date. The control log ${epoch} has ${position} entries.\n`);
    session.end(EXIT.fine);
  });
}
