import type { ControlStore } from '@rampart/sdk/operator';
import type { Command } from 'commander';
import { type DatabaseFlags, readActor } from '../control-settings.js';
import { EXIT, misused, required } from '../failure.js';
import { oneLine } from '../output/table.js';
import { printJson, type Session } from './command.js';
import { databaseCommand, ENTRY_ID, groupCommand, withControl } from './database-command.js';

interface Flags extends DatabaseFlags {
  readonly tenant?: string;
  readonly user?: string;
  readonly reason?: string;
  readonly actor?: string;
  readonly entryId?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `rampart data`: what is stored about a tenant or a user. */
export function dataCommand(session: Session): Command {
  return groupCommand('data', 'Export or erase what is stored about a tenant or a user.')
    .summary('export or erase what is stored about a tenant or a user')
    .addCommand(exportCommand(session))
    .addCommand(eraseCommand(session))
    .addHelpText('after', '\nExample:\n  rampart data export --tenant acme > acme.json');
}

function exportCommand(session: Session): Command {
  return databaseCommand('export')
    .summary('print it as JSON')
    .description('Prints everything that is stored about a tenant with all its users, or about one user.')
    .option('--tenant <id>', 'the tenant (required)')
    .option('--user <id>', 'only this user of it')
    .addHelpText('after', '\nExample:\n  rampart data export --tenant acme --user ann > ann.json')
    .action((flags: Flags) => runExport(session, flags));
}

function eraseCommand(session: Session): Command {
  return databaseCommand('erase')
    .summary('delete it')
    .description(
      'Deletes everything that is stored about a tenant with all its users, or about one user: what they had chosen is unknown from then on. The control log stays whole and verifiable. Where nothing is stored about them, nothing is erased, and the exit code is 1.',
    )
    .option('--tenant <id>', 'the tenant (required)')
    .option('--user <id>', 'only this user of it')
    .option('--reason <text>', 'why (required)')
    .option('--actor <name>', 'who does it (default: your user name on this machine)')
    .option('--yes', 'really: it can not be undone (required)')
    .option(...ENTRY_ID)
    .addHelpText(
      'after',
      '\nExample:\n  rampart data erase --tenant acme --user ann --reason "request of 2026-11-20" --yes',
    )
    .action((flags: Flags) => runErase(session, flags));
}

async function runExport(session: Session, flags: Flags): Promise<void> {
  const subject = { tenant: required('--tenant', flags.tenant), user: flags.user };
  await withControl(session, flags, { for: 'read' }, async ({ store }) => {
    printJson(session, await store.exportData(subject));
    session.end(EXIT.fine);
  });
}

/** Whether anything is stored about a tenant or user. */
async function isKnown(store: ControlStore, subject: Parameters<ControlStore['exportData']>[0]): Promise<boolean> {
  const { entries } = await store.entries({ ...subject, limit: 1 });
  if (entries.length > 0) return true;
  const stored = (await store.exportData(subject)) as Readonly<Record<string, unknown>>;
  return Object.values(stored).some((part) => Array.isArray(part) && part.length > 0);
}

async function runErase(session: Session, flags: Flags): Promise<void> {
  const { user } = flags;
  const tenant = required('--tenant', flags.tenant);
  const reason = required('--reason', flags.reason);
  const who = user === undefined ? `tenant ${tenant} and all its users` : `user ${user} of tenant ${tenant}`;
  if (flags.yes !== true) misused(`this deletes everything that is stored about ${who}, for good: add --yes`);
  await withControl(session, flags, { for: 'write' }, async (control) => {
    // A repeated erasure finds nothing: its entry id is answered with the first one's revision.
    if (flags.entryId === undefined && !(await isKnown(control.store, { tenant, user }))) {
      session.terminal.err(
        `rampart: nothing is stored about ${oneLine(who)}, so nothing was erased: check the id, also its upper and lower case\n`,
      );
      session.end(EXIT.findings);
      return;
    }
    const applied = await control.erase({ tenant, user }, { actor: readActor(flags.actor), reason, id: flags.entryId });
    if (flags.json) printJson(session, applied);
    else
      session.terminal.out(
        `Erased ${oneLine(who)} (${applied.revision}, entry ${applied.id}). Consent falls back to the model's default.\n`,
      );
    session.end(EXIT.fine);
  });
}
