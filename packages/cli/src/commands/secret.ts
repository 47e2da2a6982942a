import type { SecretPeriod } from '@rampart/sdk/operator';
import type { Command } from 'commander';
import { type DatabaseFlags, readActor } from '../control-settings.js';
import { EXIT, required } from '../failure.js';

import { renderTable } from '../output/table.js';
import { printJson, type Session } from './command.js';
import { databaseCommand, groupCommand, withControl } from './database-command.js';

interface Flags extends DatabaseFlags {
  readonly reason?: string;
  readonly actor?: string;
  readonly json?: boolean;
}

const NOT_ROTATED =
  'Nothing changed: the control log is signed with RAMPART_SECRET already. To change it, set RAMPART_SECRET to the new secret and RAMPART_ACCEPTED_SECRETS to the former one.';
const NOT_SIGNING =
  'New entries are not signed with RAMPART_SECRET yet. Once every process has both secrets, run: rampart secret rotate';

/** `rampart secret`: which secret signs the control log, and the change to another one. */
export function secretCommand(session: Session): Command {
  return groupCommand('secret', 'Show which secret signs the control log, and change to another one.')
    .summary('show and rotate the secret that signs the control log')
    .addCommand(statusCommand(session), { isDefault: true })
    .addCommand(rotateCommand(session))
    .addHelpText('after', '\nExamples:\n  rampart secret status\n  rampart secret rotate --reason "yearly rotation"');
}

function statusCommand(session: Session): Command {
  return databaseCommand('status')
    .summary('show which secret signed which entries (what secret does by itself)')
    .description('Shows a fingerprint of each secret, and which setting has it. Ends with 1 where a secret is missing.')
    .addHelpText('after', '\nExample:\n  rampart secret status')
    .action((flags: Flags) => runStatus(session, flags));
}

function rotateCommand(session: Session): Command {
  return databaseCommand('rotate')
    .summary('record that RAMPART_SECRET signs new entries from now on')
    .description(
      'Changes the control log to RAMPART_SECRET (or --secret-file). The secret that signs now must be in RAMPART_ACCEPTED_SECRETS. ' +
        'Give every process both secrets first: a process that lacks the new one closes AI.',
    )
    .option('--reason <text>', 'why (required)')
    .option('--actor <name>', 'who does it (default: your user name on this machine)')
    .addHelpText('after', '\nExample:\n  rampart secret rotate --reason "yearly rotation"')
    .action((flags: Flags) => runRotate(session, flags));
}

async function runStatus(session: Session, flags: Flags): Promise<void> {
  await withControl(session, flags, { for: 'read' }, async ({ store }) => {
    const periods = await store.secretPeriods();
    if (flags.json) printJson(session, { periods });
    else session.terminal.out(renderPeriods(periods));
    session.end(periods.every(({ option }) => option !== 'none') ? EXIT.fine : EXIT.findings);
  });
}

async function runRotate(session: Session, flags: Flags): Promise<void> {
  const reason = required('--reason', flags.reason);
  await withControl(session, flags, { for: 'write' }, async ({ store }) => {
    const entry = await store.rotateSecret({ actor: readActor(flags.actor), reason });
    if (flags.json) printJson(session, { rotated: entry !== undefined, ...entry });
    else if (entry === undefined) session.terminal.out(`${NOT_ROTATED}\n`);
    else {
      session.terminal.out(
        `RAMPART_SECRET signs the control log from entry ${entry.position} on (${entry.revision}, entry ${entry.id}).\n` +
          'Keep its end elsewhere now, so that an undone rotation shows: rampart audit head >> heads.jsonl\n',
      );
    }
    session.end(EXIT.fine);
  });
}

const SETTINGS: Readonly<Record<SecretPeriod['option'], string>> = {
  secret: 'RAMPART_SECRET',
  acceptedSecrets: 'RAMPART_ACCEPTED_SECRETS',
  none: 'missing: add it to RAMPART_ACCEPTED_SECRETS',
};

function renderPeriods(periods: readonly SecretPeriod[]): string {
  const rows = periods.map(({ from, since, fingerprint, option }) => [
    String(from),
    since === undefined ? 'the beginning' : new Date(since).toISOString(),
    fingerprint,
    SETTINGS[option],
  ]);
  const hint = periods.at(-1)?.option === 'secret' ? [] : [NOT_SIGNING];
  return `${[...renderTable(['from entry', 'since', 'secret', 'setting'], rows), ...hint].join('\n')}\n`;
}
