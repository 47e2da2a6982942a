import { setTimeout as pause } from 'node:timers/promises';
import type { AuditEntry, AuditLog, EntryKind, EntryQuery } from '@rampart/sdk/operator';
import { type Command, Option } from 'commander';
import type { DatabaseFlags } from '../control-settings.js';
import { EXIT, exitCodeOf, messageOf, misused } from '../failure.js';
import { readHeads } from '../input/heads.js';
import { readDuration, readPast } from '../input/moment.js';
import { listOf } from '../input/pairs.js';
import { renderEntry, renderVerification } from '../output/audit.js';
import { printableJson } from '../output/printable.js';
import { oneLine } from '../output/table.js';
import { printJson, type Session } from './command.js';
import { databaseCommand, groupCommand, withControl } from './database-command.js';
import { everyEntry } from './every-entry.js';
import { patiently } from './orders.js';

interface Flags extends DatabaseFlags {
  readonly kind?: string;
  readonly tenant?: string;
  readonly user?: string;
  readonly flag?: string;
  readonly actor?: string;
  readonly since?: string;
  readonly until?: string;
  readonly follow?: boolean;
  readonly interval?: string;
  readonly heads?: string;
  readonly json?: boolean;
}

const KINDS: readonly EntryKind[] = [
  ...(['consent', 'choice', 'preference', 'override', 'lift_override', 'model', 'kill', 'revive'] as const),
  ...(['cap', 'lift_cap', 'floor', 'lift_floor', 'calibration', 'flag_edit', 'erase', 'rotate_secret'] as const),
];

/** `rampart audit`: the control log. */
export function auditCommand(session: Session): Command {
  return groupCommand('audit', 'Read the control log, and show that nobody tampered with it.')
    .summary('read the control log, and verify it')
    .addCommand(listCommand(session), { isDefault: true })
    .addCommand(verifyCommand(session))
    .addCommand(headCommand(session))
    .addHelpText(
      'after',
      '\nExamples:\n  rampart audit --tenant acme --since 2d\n  rampart audit --kind kill,revive --follow --json',
    );
}

function listCommand(session: Session): Command {
  return databaseCommand('list')
    .summary('who changed what, when and why (what audit does by itself)')
    .option('--kind <list>', `only these kinds: ${KINDS.join(', ')}`)
    .option('--tenant <id>', 'only about this tenant')
    .option('--user <id>', 'only about this user of the tenant')
    .option('--flag <flag>', 'only about this feature or change')
    .option('--actor <name>', 'only by this actor')
    .option('--since <moment>', 'only from then on, e.g. 2026-11-21T18:00Z or 2h')
    .option('--until <moment>', 'only before, written likewise')
    .option('--follow', 'go on with what is recorded from now on, until you stop it')
    .addOption(new Option('--interval <time>', 'how often --follow looks').default('1s'))
    .addHelpText('after', '\nExample:\n  rampart audit list --flag ai.support-copilot --since 7d')
    .action((flags: Flags) => runList(session, flags));
}

function verifyCommand(session: Session): Command {
  return databaseCommand('verify')
    .summary('check the log for entries that were edited, moved, deleted or cut off')
    .description('Reads the whole log. Ends with 1 and names every entry where somebody tampered with it.')
    .option('--heads <file>', 'heads that were kept elsewhere: JSON as rampart audit head prints it, one or many')
    .addHelpText('after', '\nExample:\n  rampart audit verify --heads heads.jsonl')
    .action((flags: Flags) => runVerify(session, flags));
}

function headCommand(session: Session): Command {
  return databaseCommand('head')
    .summary('print the signed end of the log, to be kept elsewhere')
    .description(
      'Prints one line of JSON. Kept outside the database it shows later whether the log was rewritten or cut.',
    )
    .addHelpText('after', '\nExample:\n  rampart audit head >> heads.jsonl')
    .action((flags: Flags) => runHead(session, flags));
}

async function runList(session: Session, flags: Flags): Promise<void> {
  const query = readQuery(flags, Date.now());
  const interval = readDuration('--interval', flags.interval ?? '1s');
  await withControl(session, flags, { for: 'read' }, async ({ store }) => {
    const show = (entry: AuditEntry): void => {
      session.terminal.out(flags.json ? `${printableJson(entry)}\n` : renderEntry(entry, session.paint));
    };
    const end = await showAll(store, query, show);
    if (flags.follow)
      await patiently(session, {}, ({ signal }) =>
        follow(session, store, { query: { ...query, after: end }, show, interval, signal }),
      );
    session.end(EXIT.fine);
  });
}

function readQuery(flags: Flags, now: number): EntryQuery {
  const { tenant, user, flag, actor, since, until } = flags;
  if (user !== undefined && tenant === undefined) misused('--user: name the tenant of the user too, with --tenant');
  return {
    tenant,
    user,
    flag,
    actor,
    kinds: flags.kind === undefined ? undefined : listOf(flags.kind).map(readKind),
    from: since === undefined ? undefined : readPast('--since', since, now),
    to: until === undefined ? undefined : readPast('--until', until, now),
  };
}

function readKind(text: string): EntryKind {
  return KINDS.find((kind) => kind === text) ?? misused(`--kind ${JSON.stringify(text)}: use ${KINDS.join(', ')}`);
}

async function showAll(store: AuditLog, query: EntryQuery, show: (entry: AuditEntry) => void): Promise<number> {
  const entries = everyEntry(store, query);
  for (;;) {
    const next = await entries.next();
    if (next.done === true) return next.value;
    show(next.value);
  }
}

interface Following {
  readonly query: EntryQuery;
  readonly show: (entry: AuditEntry) => void;
  readonly interval: number;
  readonly signal: AbortSignal | undefined;
}

async function follow(session: Session, store: AuditLog, { query, show, interval, signal }: Following): Promise<void> {
  let { after = 0 } = query;
  for (;;) {
    try {
      after = await showAll(store, { ...query, after }, (entry) => {
        show(entry);
        after = entry.position;
      });
    } catch (error) {
      if (exitCodeOf(error) === undefined) throw error;
      session.terminal.err(`rampart: ${oneLine(messageOf(error))}; still trying\n`);
    }
    await pause(interval, undefined, { signal }).catch(() => {});
    if (signal?.aborted) return;
  }
}

async function runVerify(session: Session, flags: Flags): Promise<void> {
  const heads = flags.heads === undefined ? undefined : readHeads(flags.heads);
  await withControl(session, flags, { for: 'read' }, async ({ store }) => {
    const found = await store.verify({ heads });
    if (flags.json) printJson(session, found);
    else session.terminal.out(renderVerification(found, heads?.length ?? 0, session.paint));
    session.end(found.ok ? EXIT.fine : EXIT.findings);
  });
}

async function runHead(session: Session, flags: Flags): Promise<void> {
  await withControl(session, flags, { for: 'read' }, async ({ store }) => {
    session.terminal.out(`${JSON.stringify(await store.head())}\n`);
    session.end(EXIT.fine);
  });
}
