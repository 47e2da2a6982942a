import type { ConsentRecord, ControlRecords } from '@rampart/sdk/operator';
import { type Command, Option } from 'commander';
import { type DatabaseFlags, readActor } from '../control-settings.js';
import { EXIT, required } from '../failure.js';
import { type BadLine, readConsentFile } from '../input/consent-file.js';
import { renderExport } from '../output/consents.js';
import { counted, oneLine } from '../output/table.js';
import { type KnownNameFlags, warnIfUnknown } from '../unleash/known-names.js';
import { connectedCommand, printJson, type Session } from './command.js';
import { databaseCommand, withControl, withDatabase } from './database-command.js';
import { checkAgainst, recordedBefore, writeAll } from './import-consents.js';
import { modelledClasses } from './modelled-classes.js';

interface Flags extends DatabaseFlags, KnownNameFlags {
  readonly reason?: string;
  readonly actor?: string;
  readonly overwrite?: boolean;
  readonly batch?: string;
  readonly dryRun?: boolean;
  readonly tenant?: string;
  readonly format?: 'csv' | 'jsonl';
  readonly json?: boolean;
}

const IMPORT_HELP = `
Example:
  rampart consent import consents.csv --reason "migration from the old table"

consents.csv has a header: tenant,featureClass,state,version
The whole file is checked first, against what is recorded too, and nothing is written unless every line is good. An import that
was interrupted may be run again: what it wrote is not written twice. What it wrote and somebody changed since is refused, also
with --overwrite, unless --batch names another import. An opt_out is recorded whenever something else stands there.
Where Unleash is configured, a class that no feature has is recorded with a warning and exit code 1.`;

/** `rampart consent import`: many at once. */
export function consentImportCommand(session: Session): Command {
  return withDatabase(connectedCommand('import', 'any'))
    .summary('record it for many tenants, from a file')
    .argument('<file>', 'CSV with a header, JSON Lines, or a JSON list')
    .option('--reason <text>', 'why, or where it comes from (required)')
    .option('--actor <name>', 'who does it (default: your user name on this machine)')
    .option('--overwrite', 'lines may also widen what is recorded otherwise')
    .option('--batch <name>', 'names this import, to record the same file once more (default: made from the file)')
    .option('--dry-run', 'only check the file')
    .option('--unknown-ok', 'accept classes that no feature in Unleash has')
    .addHelpText('after', IMPORT_HELP)
    .action((path: string, flags: Flags) => runImport(session, path, flags));
}

/** `rampart consent export`: what an import reads. */
export function consentExportCommand(session: Session): Command {
  return databaseCommand('export')
    .summary('print it, as an import reads it')
    .option('--tenant <id>', 'only this tenant')
    .addOption(
      new Option('--format <format>', 'CSV with a header, or JSON Lines').choices(['csv', 'jsonl']).default('csv'),
    )
    .addHelpText('after', '\nExample:\n  rampart consent export --format jsonl > consents.jsonl')
    .action((flags: Flags) => runExport(session, flags));
}

async function runImport(session: Session, path: string, flags: Flags): Promise<void> {
  const reason = required('--reason', flags.dryRun ? (flags.reason ?? '') : flags.reason);
  const file = readConsentFile(path);
  await withControl(session, flags, { for: 'write' }, async (control) => {
    const checked = await checkAgainst(control.store, file.lines, flags.overwrite ?? false);
    const bad = [...file.bad, ...checked.bad].toSorted((a, b) => place(a) - place(b));
    if (bad.length > 0) return refuse(session, bad, flags);
    const { due, same } = checked;
    const batch = flags.batch ?? file.digest;
    const names = file.lines.map(({ change }) => change.featureClass);
    const declared = () => modelledClasses(control.store);
    const unknown = await warnIfUnknown(session, flags, { what: 'class', names, declared });
    if (flags.dryRun) {
      const failed = await recordedBefore(control.store, due, batch);
      return report(session, flags, { written: 0, due: due.length, same, failed, unknown });
    }
    const { written, failed } = await writeAll(control, due, { actor: readActor(flags.actor), reason, batch });
    report(session, flags, { written, due: due.length, same, failed, unknown });
  });
}

interface ImportCounts {
  readonly written: number;
  /** How many lines are not as it is recorded. */
  readonly due: number;
  /** How many are. */
  readonly same: number;
  /** Those that are due and can't be recorded. */
  readonly failed: readonly BadLine[];
  /** Whether a class is of no feature in Unleash. */
  readonly unknown: boolean;
}

function report(session: Session, flags: Flags, counts: ImportCounts): void {
  const { written, due, same, failed, unknown } = counts;
  if (flags.json) printJson(session, { dryRun: flags.dryRun ?? false, written, due, same, failed });
  else {
    const done = flags.dryRun ? `Dry run: ${due - failed.length} to record` : `${counted(written, 'consent')} recorded`;
    session.terminal.out(
      `${[...failed.map(shownBad), `${done}, ${same} already so, ${failed.length} refused.`].join('\n')}\n`,
    );
  }
  session.end(failed.length === 0 && !unknown ? EXIT.fine : EXIT.findings);
}

function refuse(session: Session, bad: readonly BadLine[], flags: Flags): void {
  if (flags.json) printJson(session, { written: 0, bad });
  else
    session.terminal.err(
      `${[...bad.map(shownBad), `Nothing was written: ${counted(bad.length, 'bad line')}.`].join('\n')}\n`,
    );
  session.end(EXIT.findings);
}

const shownBad = ({ at, problem }: BadLine): string => `${at}: ${oneLine(problem)}`;

const place = ({ at }: BadLine): number => Number(/\d+/.exec(at)?.[0] ?? 0);

async function runExport(session: Session, flags: Flags): Promise<void> {
  await withControl(session, flags, { for: 'read' }, async ({ store }) => {
    const records = flags.tenant === undefined ? await everyConsent(store) : await store.consents(flags.tenant);
    if (flags.json) printJson(session, records);
    else session.data(renderExport(records, flags.format ?? 'csv'));
    session.end(EXIT.fine);
  });
}

async function everyConsent(store: ControlRecords): Promise<readonly ConsentRecord[]> {
  return (await store.items({ kind: 'consent' })).flatMap(({ change, ...rest }) =>
    change.kind === 'consent' ? [{ ...change, ...rest }] : [],
  );
}
