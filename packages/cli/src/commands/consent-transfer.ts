import { createHash } from 'node:crypto';
import { isControlInputError } from '@rampart/core';
import type { DurableControl } from '@rampart/sdk';
import { type ConsentRecord, type ControlStore, isConflictError } from '@rampart/sdk/operator';
import { type Command, Option } from 'commander';
import { type DatabaseFlags, readActor } from '../control-settings.js';
import { EXIT, required } from '../failure.js';
import { type BadLine, type ConsentLine, readConsentFile } from '../input/consent-file.js';
import { renderExport, shownValue } from '../output/consents.js';
import { counted, oneLine } from '../output/table.js';
import { printJson, type Session } from './command.js';
import { databaseCommand, withControl } from './database-command.js';

interface Flags extends DatabaseFlags {
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
was interrupted may be run again: what it wrote is not written twice.`;

/** `rampart consent import`: many at once. */
export function consentImportCommand(session: Session): Command {
  return databaseCommand('import')
    .summary('record it for many tenants, from a file')
    .argument('<file>', 'CSV with a header, JSON Lines, or a JSON list')
    .option('--reason <text>', 'why, or where it comes from (required)')
    .option('--actor <name>', 'who does it (default: your user name on this machine)')
    .option('--overwrite', 'lines may also widen what is recorded otherwise')
    .option('--batch <name>', 'names this import, to record the same file once more (default: made from the file)')
    .option('--dry-run', 'only check the file')
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

interface CheckedLine extends ConsentLine {
  /** What was recorded when the file was checked. */
  readonly current: ConsentRecord | undefined;
}

async function runImport(session: Session, path: string, flags: Flags): Promise<void> {
  const reason = required('--reason', flags.dryRun ? (flags.reason ?? '') : flags.reason);
  const file = readConsentFile(path);
  await withControl(session, flags, { for: 'write' }, async (control) => {
    const checked = await checkAgainst(control.store, file.lines, flags.overwrite ?? false);
    const bad = [...file.bad, ...checked.bad].toSorted((a, b) => place(a) - place(b));
    if (bad.length > 0) return refuse(session, bad, flags);
    const due = checked.lines.filter(({ current, change }) => !isSame(current, change));
    const same = checked.lines.length - due.length;
    if (flags.dryRun) return report(session, flags, { written: 0, due: due.length, same, failed: [] });
    const write = { actor: readActor(flags.actor), reason, batch: flags.batch ?? file.digest };
    const { written, failed } = await writeAll(control, due, write);
    report(session, flags, { written, due: due.length, same, failed });
  });
}

/** Reads what is recorded for every tenant of the file. */
async function checkAgainst(
  store: ControlStore,
  lines: readonly ConsentLine[],
  overwrite: boolean,
): Promise<{ readonly lines: readonly CheckedLine[]; readonly bad: readonly BadLine[] }> {
  const known = new Map<string, readonly ConsentRecord[] | string>();
  const good: CheckedLine[] = [];
  const bad: BadLine[] = [];
  for (const line of lines) {
    const { tenant, featureClass } = line.change;
    const records = known.get(tenant) ?? (await consentsOf(store, tenant));
    known.set(tenant, records);
    const current = typeof records === 'string' ? undefined : records.find((one) => one.featureClass === featureClass);
    const problem = typeof records === 'string' ? records : obstacle(line, current, overwrite);
    if (problem === undefined) good.push({ ...line, current });
    else bad.push({ at: line.at, problem });
  }
  return { lines: good, bad };
}

async function consentsOf(store: ControlStore, tenant: string): Promise<readonly ConsentRecord[] | string> {
  try {
    return await store.consents(tenant);
  } catch (error) {
    if (isControlInputError(error)) return error.message;
    throw error;
  }
}

function obstacle({ change }: ConsentLine, current: ConsentRecord | undefined, overwrite: boolean): string | undefined {
  if (overwrite || current === undefined || isSame(current, change) || change.consent.state === 'opt_out')
    return undefined;
  const { consent, actor, at } = current;
  return `state = ${JSON.stringify(change.consent.state)}: recorded is ${shownValue(consent)}, by ${actor ?? '(erased)'} at ${new Date(at).toISOString()}: take the line out, or pass --overwrite`;
}

interface ImportWrite {
  readonly actor: string;
  readonly reason: string;
  readonly batch: string;
}

async function writeAll(
  control: DurableControl,
  lines: readonly CheckedLine[],
  { actor, reason, batch }: ImportWrite,
): Promise<{ readonly written: number; readonly failed: readonly BadLine[] }> {
  const failed: BadLine[] = [];
  for (const { at, change, current } of lines) {
    // The same line of the same import is recorded once, whoever changed it after.
    const { tenant, featureClass, consent } = change;
    const line = JSON.stringify([batch, tenant, featureClass, consent.state, consent.version ?? null]);
    const id = `import-${createHash('sha256').update(line).digest('hex').slice(0, 40)}`;
    try {
      await control.apply(change, { actor, reason, id, expected: current?.revision });
    } catch (error) {
      if (!isConflictError(error)) throw error;
      failed.push({ at, problem: error.message });
    }
  }
  return { written: lines.length - failed.length, failed };
}

interface ImportCounts {
  readonly written: number;
  readonly due: number;
  readonly same: number;
  readonly failed: readonly BadLine[];
}

function report(session: Session, flags: Flags, counts: ImportCounts): void {
  const { written, due, same, failed } = counts;
  if (flags.json) printJson(session, { dryRun: flags.dryRun ?? false, ...counts });
  else {
    const done = flags.dryRun ? `Dry run: ${due} to record` : `${counted(written, 'consent')} recorded`;
    session.terminal.out(
      `${[...failed.map(shownBad), `${done}, ${same} already so, ${failed.length} changed meanwhile.`].join('\n')}\n`,
    );
  }
  session.end(failed.length === 0 ? EXIT.fine : EXIT.findings);
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

function isSame(current: ConsentRecord | undefined, { consent }: ConsentLine['change']): boolean {
  return current?.consent.state === consent.state && current.consent.version === consent.version;
}

async function runExport(session: Session, flags: Flags): Promise<void> {
  await withControl(session, flags, { for: 'read' }, async ({ store }) => {
    const records = flags.tenant === undefined ? await everyConsent(store) : await store.consents(flags.tenant);
    if (flags.json) printJson(session, records);
    else session.terminal.out(renderExport(records, flags.format ?? 'csv'));
    session.end(EXIT.fine);
  });
}

async function everyConsent(store: ControlStore): Promise<readonly ConsentRecord[]> {
  return (await store.items({ kind: 'consent' })).flatMap(({ change, ...rest }) =>
    change.kind === 'consent' ? [{ ...change, ...rest }] : [],
  );
}
