import { type Consent, type ControlChange, readControlChange } from '@rampart/core';
import type { DurableControl } from '@rampart/sdk';
import { type ConsentRecord, type ControlStore, isConflictError } from '@rampart/sdk/operator';
import { type Command, Option } from 'commander';
import { type DatabaseFlags, readActor } from '../control-settings.js';
import { EXIT, misused, required } from '../failure.js';
import { renderConsentHistory, renderConsents, shownValue } from '../output/consents.js';
import { oneLine } from '../output/table.js';
import { type KnownNameFlags, warnIfUnknown } from '../unleash/known-names.js';
import { connectedCommand, printJson, type Session } from './command.js';
import { consentExportCommand, consentImportCommand } from './consent-transfer.js';
import { databaseCommand, ENTRY_ID, groupCommand, withControl, withDatabase } from './database-command.js';
import { everyEntry } from './every-entry.js';
import { modelledClasses } from './modelled-classes.js';

interface Flags extends DatabaseFlags, KnownNameFlags {
  readonly tenant?: string;
  readonly class?: string;
  readonly state?: Consent['state'];
  readonly terms?: string;
  readonly reason?: string;
  readonly actor?: string;
  readonly entryId?: string;
  readonly expect?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `rampart consent`: what tenants' administrators recorded. */
export function consentCommand(session: Session): Command {
  return groupCommand('consent', "Read, record, import and export tenants' consent.")
    .summary("read and record tenants' consent")
    .addCommand(getCommand(session))
    .addCommand(setCommand(session))
    .addCommand(historyCommand(session))
    .addCommand(consentImportCommand(session))
    .addCommand(consentExportCommand(session))
    .addHelpText('after', '\nExample:\n  rampart consent get --tenant acme');
}

function getCommand(session: Session): Command {
  return databaseCommand('get')
    .summary('what is recorded for a tenant')
    .option('--tenant <id>', 'the tenant (required)')
    .option('--class <class>', 'only this consent class')
    .addHelpText('after', '\nExample:\n  rampart consent get --tenant acme')
    .action((flags: Flags) => runGet(session, flags));
}

function setCommand(session: Session): Command {
  return withDatabase(connectedCommand('set', 'any'))
    .summary('record it for a tenant')
    .description(
      'Reads what is recorded, and records the change against it: where somebody else was faster, nothing is written. Where Unleash is configured, a class that no feature has is recorded with a warning and exit code 1.',
    )
    .option('--tenant <id>', 'the tenant (required)')
    .option('--class <class>', 'consent class, e.g. support_copilot (required)')
    .addOption(new Option('--state <state>', 'what was said (required)').choices(['opt_in', 'opt_out', 'unset']))
    .option('--terms <version>', 'version of the terms that were agreed to')
    .option('--reason <text>', 'why, or who said so (required)')
    .option('--actor <name>', 'who does it (default: your user name on this machine)')
    .option('--expect <revision>', 'only if nobody changed it since this revision, as consent get shows it')
    .option('--force', 'overwrite whatever is there')
    .option('--unknown-ok', 'accept a class that no feature in Unleash has')
    .option(...ENTRY_ID)
    .addHelpText(
      'after',
      '\nExample:\n  rampart consent set --tenant acme --class support_copilot --state opt_in --terms 3 --reason "order form 2026-11"',
    )
    .action((flags: Flags) => runSet(session, flags));
}

function historyCommand(session: Session): Command {
  return databaseCommand('history')
    .summary('how it came about')
    .option('--tenant <id>', 'the tenant (required)')
    .option('--class <class>', 'only this consent class')
    .addHelpText('after', '\nExample:\n  rampart consent history --tenant acme --class support_copilot')
    .action((flags: Flags) => runHistory(session, flags));
}

async function runGet(session: Session, flags: Flags): Promise<void> {
  const tenant = required('--tenant', flags.tenant);
  await withControl(session, flags, { for: 'read' }, async ({ store }) => {
    const records = (await store.consents(tenant)).filter(isOf(flags.class));
    if (flags.json) printJson(session, records);
    else session.terminal.out(renderConsents(records, tenant));
    session.end(EXIT.fine);
  });
}

async function runSet(session: Session, flags: Flags): Promise<void> {
  const change = readChange(flags);
  const reason = required('--reason', flags.reason);
  if (flags.expect !== undefined && flags.force) misused('--expect and --force contradict each other: leave one out');
  await withControl(session, flags, { for: 'write' }, async (control) => {
    const before = await currentOf(control.store, change);
    const expected = flags.force ? 'any' : (flags.expect ?? before?.revision);
    const write = { actor: readActor(flags.actor), reason, id: flags.entryId, expected };
    const applied = await apply(session, control, change, write);
    if (applied === undefined) return;
    const { tenant, featureClass, consent } = change;
    if (flags.json) printJson(session, { ...applied, before: before?.consent ?? null, after: consent });
    else {
      const what = `${shownValue(before?.consent)} -> ${shownValue(consent)}`;
      session.terminal.out(
        `${oneLine(`${featureClass} of tenant ${tenant}`)}: ${what}\nrecorded as ${applied.revision}, entry ${applied.id}\n`,
      );
    }
    const declared = () => modelledClasses(control.store);
    const unknown = await warnIfUnknown(session, flags, { what: 'class', names: [featureClass], declared });
    session.end(unknown ? EXIT.findings : EXIT.fine);
  });
}

type ConsentChange = Extract<ControlChange, { readonly kind: 'consent' }>;

function readChange(flags: Flags): ConsentChange {
  const tenant = required('--tenant', flags.tenant);
  const featureClass = required('--class', flags.class);
  const state = required('--state', flags.state) as Consent['state'];
  const version = flags.terms === undefined || !/^\d+$/.test(flags.terms) ? flags.terms : Number(flags.terms);
  const consent = { state, ...(version !== undefined && { version }) };
  return readControlChange({ kind: 'consent', tenant, featureClass, consent }) as ConsentChange;
}

/** Undefined after a conflict, which is shown with both sides. */
async function apply(
  session: Session,
  control: DurableControl,
  change: ConsentChange,
  write: Parameters<DurableControl['apply']>[1],
): Promise<Awaited<ReturnType<DurableControl['apply']>> | undefined> {
  try {
    return await control.apply(change, write);
  } catch (error) {
    if (!isConflictError(error)) throw error;
    const { value, actor, at, revision } = error.current;
    const { terminal, paint } = session;
    terminal.err(
      [
        paint(
          'red',
          `rampart: somebody else changed ${change.featureClass} of tenant ${oneLine(change.tenant)}; nothing was written`,
        ),
        `  theirs  ${shownValue(value)}, by ${oneLine(actor ?? '(erased)')} at ${new Date(at).toISOString()} (${revision})`,
        `  yours   ${shownValue(change.consent)}`,
        `Look at it, then repeat with --expect ${revision}, or with --force.\n`,
      ].join('\n'),
    );
    session.end(EXIT.findings);
    return undefined;
  }
}

async function currentOf(
  store: ControlStore,
  { tenant, featureClass }: ConsentChange,
): Promise<ConsentRecord | undefined> {
  return (await store.consents(tenant)).find(isOf(featureClass));
}

async function runHistory(session: Session, flags: Flags): Promise<void> {
  const tenant = required('--tenant', flags.tenant);
  await withControl(session, flags, { for: 'read' }, async ({ store }) => {
    const entries = [];
    for await (const entry of everyEntry(store, { kinds: ['consent'], tenant })) {
      const { change } = entry;
      if (flags.class === undefined || (change?.kind === 'consent' && change.featureClass === flags.class))
        entries.push(entry);
    }
    if (flags.json) printJson(session, entries);
    else session.terminal.out(renderConsentHistory(entries, tenant));
    session.end(EXIT.fine);
  });
}

const isOf = (featureClass: string | undefined) => (record: ConsentRecord) =>
  featureClass === undefined || record.featureClass === featureClass;
