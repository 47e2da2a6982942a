import { type ControlChange, formatRevision, readControlChange, type Scope } from '@rampart/core';
import type { ControlItem, ControlStore } from '@rampart/sdk/operator';
import { type Command, Option } from 'commander';
import { type DatabaseFlags, readActor } from '../control-settings.js';
import { EXIT, misused, required, UsageError } from '../failure.js';
import { readNumber } from '../input/number.js';
import { readScope, type ScopeFlags } from '../input/scope.js';
import { type LimitKind, renderLimits, shownLimit } from '../output/limits.js';
import { oneLine } from '../output/table.js';
import { type KnownNameFlags, warnIfUnknown } from '../unleash/known-names.js';
import { connectedCommand, printJson, type Session } from './command.js';
import { databaseCommand, ENTRY_ID, groupCommand, withControl, withDatabase } from './database-command.js';
import { withScope } from './shared-options.js';

interface Flags extends DatabaseFlags, KnownNameFlags, ScopeFlags {
  readonly id?: string;
  readonly mode?: string;
  readonly autoAbove?: string;
  readonly confirmFrom?: string;
  readonly reviewFrom?: string;
  readonly error?: string;
  readonly reason?: string;
  readonly actor?: string;
  readonly entryId?: string;
  readonly json?: boolean;
}

/** `rampart cap`: the most automation, in an emergency. */
export function capCommand(session: Session): Command {
  const set = withScope(setCommand('cap'))
    .addOption(
      new Option('--mode <mode>', 'the highest mode that is allowed (required)').choices([
        'shadow',
        'suggestion',
        'confirmation',
        'autonomous',
      ]),
    )
    .addHelpText(
      'after',
      '\nExample:\n  rampart cap set --id INC-9 --feature ai.support-copilot --mode suggestion --reason "wrong refunds, INC-9"',
    )
    .action((flags: Flags) => runSet(session, flags, readCap(flags)));
  return groupCommand('cap', 'Cap the mode of AI in a scope: no answer has a higher one, whatever its change says.')
    .summary('cap the mode of AI, for a feature, tenant or all')
    .addCommand(set)
    .addCommand(endCommand(session, 'cap', 'rampart cap end --id INC-9 --reason "fixed by PR-12"'))
    .addCommand(listCommand(session, 'cap'))
    .addHelpText('after', '\nExample:\n  rampart cap list');
}

/** `rampart floor`: the least confidence, in an emergency. */
export function floorCommand(session: Session): Command {
  const set = withScope(setCommand('floor'))
    .option('--auto-above <number>', 'the lowest threshold for the route auto, 0 to 1')
    .option('--confirm-from <number>', 'the lowest threshold for the route confirm, 0 to 1')
    .option('--review-from <number>', 'the lowest threshold for the route review, 0 to 1')
    .addHelpText(
      'after',
      '\nExample:\n  rampart floor set --id INC-9 --all --auto-above 0.99 --confirm-from 0.9 --reason "the model changed, INC-9"',
    )
    .action((flags: Flags) => runSet(session, flags, readFloor(flags)));
  return groupCommand(
    'floor',
    'Raise the confidence thresholds of AI in a scope: none is lower, whatever a change says.',
  )
    .summary('raise the confidence thresholds of AI')
    .addCommand(set)
    .addCommand(endCommand(session, 'floor', 'rampart floor end --id INC-9 --reason "measured again"'))
    .addCommand(listCommand(session, 'floor'))
    .addHelpText('after', '\nExample:\n  rampart floor list');
}

/** `rampart calibration`: the measured calibration error of a change. */
export function calibrationCommand(session: Session): Command {
  const set = setCommand('calibration')
    .option('--change <flag>', "the change, by its flag's full name (required)")
    .option('--error <number>', 'the measured calibration error, 0 to 1 (required)')
    .addHelpText(
      'after',
      '\nExample:\n  rampart calibration set --change ai.support-copilot.prompt-v18 --error 0.03 --reason "1,200 reviews"',
    )
    .action((flags: Flags) => runSet(session, flags, readCalibration(flags)));
  return groupCommand(
    'calibration',
    'Record how well the confidence of a change is calibrated. A change in mode autonomous stays at confirmation without a recorded error within maxCalibrationError of its feature.',
  )
    .summary('record the calibration error of a change')
    .addCommand(set)
    .addCommand(
      endCommand(
        session,
        'calibration',
        'rampart calibration end --change ai.support-copilot.prompt-v18 --reason "the model changed"',
      ),
    )
    .addCommand(listCommand(session, 'calibration'))
    .addHelpText('after', '\nExample:\n  rampart calibration list');
}

function setCommand(kind: LimitKind): Command {
  const command = withDatabase(connectedCommand('set', 'any'))
    .summary(kind === 'calibration' ? 'record one; it replaces the one before' : 'set one, or change it by its id')
    .description(
      'Reads what is recorded, and records the change against it: where somebody else was faster, nothing is written. Where Unleash is configured, a flag that it does not have is recorded with a warning and exit code 1.',
    );
  if (kind !== 'calibration') command.option('--id <id>', 'its id, e.g. the number of the incident (required)');
  return command
    .option('--reason <text>', 'why (required)')
    .option('--actor <name>', 'who does it (default: your user name on this machine)')
    .option('--unknown-ok', 'accept a flag that Unleash does not have')
    .option(...ENTRY_ID);
}

function endCommand(session: Session, kind: LimitKind, example: string): Command {
  const command = databaseCommand('end').summary(
    kind === 'calibration' ? 'take it back: the change is held at confirmation' : 'end one',
  );
  if (kind === 'calibration') command.option('--change <flag>', "the change, by its flag's full name (required)");
  else command.option('--id <id>', 'its id (required)');
  return command
    .option('--reason <text>', 'why (required)')
    .option('--actor <name>', 'who does it (default: your user name on this machine)')
    .option(...ENTRY_ID)
    .addHelpText('after', `\nExample:\n  ${example}`)
    .action((flags: Flags) => (kind === 'calibration' ? runUncalibrate(session, flags) : runEnd(session, flags, kind)));
}

function listCommand(session: Session, kind: LimitKind): Command {
  return databaseCommand('list')
    .summary('list those that hold')
    .addHelpText('after', `\nExample:\n  rampart ${kind} list --json`)
    .action(async (flags: Flags) => {
      await withControl(session, flags, { for: 'read' }, async ({ store }) => {
        const items = await store.items({ kind });
        if (flags.json) printJson(session, items);
        else session.terminal.out(renderLimits(kind, items));
        session.end(EXIT.fine);
      });
    });
}

function readCap(flags: Flags): ControlChange {
  const id = required('--id', flags.id);
  const scope = readScope(flags, 'cap');
  return readControlChange({ kind: 'cap', cap: { id, scope, mode: required('--mode', flags.mode) } });
}

function readFloor(flags: Flags): ControlChange {
  const id = required('--id', flags.id);
  const scope = readScope(flags, 'raise');
  const bands = {
    ...(flags.autoAbove !== undefined && { autoAbove: readNumber('--auto-above', flags.autoAbove) }),
    ...(flags.confirmFrom !== undefined && { confirmFrom: readNumber('--confirm-from', flags.confirmFrom) }),
    ...(flags.reviewFrom !== undefined && { reviewFrom: readNumber('--review-from', flags.reviewFrom) }),
  };
  if (Object.keys(bands).length === 0)
    misused('a floor without a threshold raises nothing: pass --auto-above, --confirm-from or --review-from');
  return readControlChange({ kind: 'floor', floor: { id, scope, bands } });
}

function readCalibration(flags: Flags): ControlChange {
  const change = required('--change', flags.change);
  return readControlChange({
    kind: 'calibration',
    change,
    error: readNumber('--error', required('--error', flags.error)),
  });
}

async function runSet(session: Session, flags: Flags, change: ControlChange): Promise<void> {
  const reason = required('--reason', flags.reason);
  await withControl(session, flags, { for: 'write' }, async (control) => {
    const expected = await lastRevision(control.store, change);
    const write = { actor: readActor(flags.actor), reason, id: flags.entryId, expected };
    const applied = await control.apply(change, write);
    if (flags.json) printJson(session, { ...applied, change });
    else session.terminal.out(`${oneLine(shownLimit(change))}\nrecorded as ${applied.revision}, entry ${applied.id}\n`);
    const unknown = await warnIfUnknown(session, flags, { what: 'flag', names: flagsOf(change) });
    session.end(unknown ? EXIT.findings : EXIT.fine);
  });
}

async function runEnd(session: Session, flags: Flags, kind: 'cap' | 'floor'): Promise<void> {
  const id = required('--id', flags.id);
  const reason = required('--reason', flags.reason);
  await withControl(session, flags, { for: 'write' }, async (control) => {
    const [item] = await control.store.items({ kind, id });
    const isRepeated =
      flags.entryId !== undefined && (await control.store.entries({ id: flags.entryId })).entries.length > 0;
    if (item === undefined && !isRepeated)
      throw new UsageError(`there is no ${kind} ${JSON.stringify(id)}: rampart ${kind} list shows what there is`);
    const write = { actor: readActor(flags.actor), reason, id: flags.entryId, expected: item?.revision };
    const applied = await control.apply({ kind: kind === 'cap' ? 'lift_cap' : 'lift_floor', id }, write);
    if (flags.json) printJson(session, { ...applied, id });
    else
      session.terminal.out(`${kind} ${oneLine(id)} has ended\nrecorded as ${applied.revision}, entry ${applied.id}\n`);
    session.end(EXIT.fine);
  });
}

/** The error of a change that counts as not calibrated. */
const WORST_ERROR = 1;

// The log has no change that removes a calibration: the worst error holds every change at confirmation.
async function runUncalibrate(session: Session, flags: Flags): Promise<void> {
  const name = required('--change', flags.change);
  const reason = required('--reason', flags.reason);
  await withControl(session, flags, { for: 'write' }, async (control) => {
    const item = await findItem(control.store, { kind: 'calibration', change: name, error: WORST_ERROR });
    if (item === undefined)
      throw new UsageError(`${JSON.stringify(name)} has no calibration: rampart calibration list shows what there is`);
    const change = { kind: 'calibration', change: name, error: WORST_ERROR } as const;
    const write = { actor: readActor(flags.actor), reason, id: flags.entryId, expected: item.revision };
    const applied = await control.apply(change, write);
    if (flags.json) printJson(session, { ...applied, change });
    else
      session.terminal.out(
        `the calibration of ${oneLine(name)} is taken back: its error counts as 1\nrecorded as ${applied.revision}, entry ${applied.id}\n`,
      );
    session.end(EXIT.fine);
  });
}

async function findItem(store: Pick<ControlStore, 'items'>, change: ControlChange): Promise<ControlItem | undefined> {
  if (change.kind === 'cap') return (await store.items({ kind: 'cap', id: change.cap.id }))[0];
  if (change.kind === 'floor') return (await store.items({ kind: 'floor', id: change.floor.id }))[0];
  if (change.kind !== 'calibration') return undefined;
  const items = await store.items({ kind: 'calibration' });
  return items.find((item) => item.change.kind === 'calibration' && item.change.change === change.change);
}

// The head is taken before looking: what is recorded meanwhile is a conflict, and is not replaced unread.
async function lastRevision(store: Pick<ControlStore, 'head' | 'items'>, change: ControlChange): Promise<string> {
  const head = formatRevision(await store.head());
  return (await findItem(store, change))?.revision ?? head;
}

function flagsOf(change: ControlChange): readonly string[] {
  if (change.kind === 'calibration') return [change.change];
  const scope: Scope = change.kind === 'cap' ? change.cap.scope : change.kind === 'floor' ? change.floor.scope : {};
  return [scope.feature, scope.change].filter((name) => name !== undefined);
}
