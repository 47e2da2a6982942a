import { type ClockRange, formatRevision, hasEnded, readControlChange } from '@rampart/core';
import { type ControlItem, type ControlStore, isOutcomeUnknownError } from '@rampart/sdk/operator';
import { type Command, Option } from 'commander';
import { type DatabaseFlags, readActor } from '../control-settings.js';
import { EXIT, messageOf, misused, required, UsageError } from '../failure.js';
import { readDuration, readFuture } from '../input/moment.js';
import { createGatewayClient, type GatewayClient } from '../operator-gateway/gateway-client.js';
import { type GatewayFlags, readGatewayConnection, withGateway } from '../operator-gateway/gateway-connection.js';
import {
  type Applied,
  liftGatewayOverride,
  listGatewayOverrides,
  setGatewayOverride,
} from '../operator-gateway/gateway-overrides.js';
import { type OverrideItem, renderOverrides } from '../output/overrides.js';
import { oneLine } from '../output/table.js';
import { type KnownNameFlags, warnIfUnknown } from '../unleash/known-names.js';
import { connectedCommand, printJson, type Session } from './command.js';
import { databaseCommand, ENTRY_ID, groupCommand, withControl, withDatabase } from './database-command.js';

interface Flags extends DatabaseFlags, GatewayFlags, KnownNameFlags {
  readonly tenant?: string;
  readonly flag?: string;
  readonly force?: 'on' | 'off';
  readonly for?: string;
  readonly until?: string;
  readonly reason?: string;
  readonly actor?: string;
  readonly entryId?: string;
  readonly id?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

/** `rampart override`: an exception for one tenant and one flag, for a time. */
export function overrideCommand(session: Session): Command {
  return groupCommand(
    'override',
    'Force a flag on or off for one tenant, for a time. No consent, kill or exclusion is skipped.',
  )
    .summary('force a flag on or off for one tenant, for a time')
    .addCommand(setCommand(session))
    .addCommand(liftCommand(session))
    .addCommand(listCommand(session))
    .addHelpText(
      'after',
      '\nExample:\n  rampart override list --tenant acme\n  rampart override list --gateway https://gateway.example.com',
    );
}

function setCommand(session: Session): Command {
  return withGateway(withDatabase(connectedCommand('set', 'any')))
    .summary('set one; a tenant has one for each flag')
    .option('--tenant <id>', 'the tenant (required)')
    .option('--flag <flag>', 'a feature or a change (required)')
    .addOption(new Option('--force <state>', 'on or off (required)').choices(['on', 'off']))
    .option('--for <time>', 'how long, e.g. 2h')
    .option('--until <moment>', 'or when it ends, e.g. 2026-11-21T18:00Z')
    .option('--reason <text>', 'why (required)')
    .option('--actor <name>', 'who does it (default: your user name on this machine)')
    .option('--unknown-ok', 'accept a flag that Unleash does not have')
    .option('--id <id>', 'its id, where a tenant needs several for a flag (default: the flag)')
    .option(...ENTRY_ID)
    .addHelpText(
      'after',
      '\nExample:\n  rampart override set --tenant acme --flag ai.support-copilot --force off --for 2h --reason INC-7',
    )
    .action((flags: Flags) => runSet(session, flags));
}

function liftCommand(session: Session): Command {
  return withGateway(databaseCommand('lift'))
    .summary('end one before its time')
    .option('--tenant <id>', 'the tenant (required)')
    .option('--flag <flag>', 'its flag')
    .option('--id <id>', 'or its id')
    .option('--reason <text>', 'why (required)')
    .option('--actor <name>', 'who does it (default: your user name on this machine)')
    .option(...ENTRY_ID)
    .addHelpText(
      'after',
      '\nExample:\n  rampart override lift --tenant acme --flag ai.support-copilot --reason "INC-7 is over"',
    )
    .action((flags: Flags) => runLift(session, flags));
}

function listCommand(session: Session): Command {
  return withGateway(databaseCommand('list'))
    .summary('list those that hold')
    .option('--tenant <id>', 'only of this tenant')
    .option('--all', 'also those that have ended')
    .addHelpText('after', '\nExample:\n  rampart override list --all')
    .action((flags: Flags) => runList(session, flags));
}

async function runSet(session: Session, flags: Flags): Promise<void> {
  const tenant = required('--tenant', flags.tenant);
  const flag = required('--flag', flags.flag);
  const force = required('--force', flags.force) as 'on' | 'off';
  const until = readEnd(flags);
  const reason = required('--reason', flags.reason);
  const override = { id: flags.id ?? flag, flag, force, reason, until };
  const change = readControlChange({ kind: 'override', tenant, override });
  const show = async (applied: Applied): Promise<void> => {
    if (flags.json) printJson(session, { ...applied, tenant, override });
    else {
      const what = `${flag} is forced ${force} for tenant ${tenant} until ${new Date(until).toISOString()}`;
      session.terminal.out(`${oneLine(what)}\nrecorded as ${applied.revision}, entry ${applied.id}\n`);
    }
    const unknown = await warnIfUnknown(session, flags, { what: 'flag', names: [flag] });
    session.end(unknown ? EXIT.findings : EXIT.fine);
  };
  const gateway = gatewayOf(session, flags);
  if (gateway !== undefined)
    return show(
      await setGatewayOverride(gateway, {
        tenant,
        override,
        unknownOk: flags.unknownOk ?? false,
        entryId: flags.entryId,
      }),
    );
  await withControl(session, flags, { for: 'write' }, async (control) => {
    const expected = await lastRevision(control.store, tenant, override.id);
    const write = { actor: readActor(flags.actor), reason, id: flags.entryId, expected };
    const applied = await control.apply(change, write).catch((error: unknown) => {
      if (!isOutcomeUnknownError(error) || flags.for === undefined) throw error;
      const end = new Date(until).toISOString();
      throw new UsageError(`${messageOf(error)}; with --until ${end} in place of --for, which would end later now`);
    });
    await show(applied);
  });
}

function gatewayOf(session: Session, flags: Flags): GatewayClient | undefined {
  const connection = readGatewayConnection(flags, session.variables);
  return connection === undefined ? undefined : createGatewayClient(connection);
}

function readEnd(flags: Flags): number {
  const now = Date.now();
  if (flags.for !== undefined && flags.until !== undefined)
    misused('--for and --until: both say when it ends, keep one');
  if (flags.for !== undefined) return now + readDuration('--for', flags.for);
  if (flags.until !== undefined) return readFuture('--until', flags.until, now);
  return misused('when does it end? Pass --for, e.g. --for 2h, or --until');
}

async function runLift(session: Session, flags: Flags): Promise<void> {
  const tenant = required('--tenant', flags.tenant);
  const id = flags.id ?? required('--flag', flags.flag);
  const reason = required('--reason', flags.reason);
  const missing = `tenant ${tenant} has no override ${JSON.stringify(id)}: rampart override list --tenant ${tenant} --all shows what there is`;
  const show = (applied: Applied): void => {
    if (flags.json) printJson(session, { ...applied, tenant, id });
    else
      session.terminal.out(
        `${oneLine(`${id} of tenant ${tenant}`)} is lifted\nrecorded as ${applied.revision}, entry ${applied.id}\n`,
      );
    session.end(EXIT.fine);
  };
  const gateway = gatewayOf(session, flags);
  const { entryId } = flags;
  if (gateway !== undefined) return show(await liftGatewayOverride(gateway, { tenant, id, reason, entryId }, missing));
  await withControl(session, flags, { for: 'write' }, async (control) => {
    const found = await findOverride(control.store, tenant, id);
    const isRepeated =
      flags.entryId !== undefined && (await control.store.entries({ id: flags.entryId })).entries.length > 0;
    if (found === undefined && !isRepeated) throw new UsageError(missing);
    const write = { actor: readActor(flags.actor), reason, id: flags.entryId, expected: found?.revision };
    const applied = await control.apply({ kind: 'lift_override', tenant, id }, write);
    show(applied);
  });
}

async function runList(session: Session, flags: Flags): Promise<void> {
  const show = (items: readonly OverrideItem[]): void => {
    const shown = items.filter(({ ended }) => flags.all === true || !ended);
    if (flags.json) printJson(session, shown);
    else session.terminal.out(renderOverrides(shown));
    session.end(EXIT.fine);
  };
  const gateway = gatewayOf(session, flags);
  if (gateway !== undefined) return show((await listGatewayOverrides(gateway, flags.tenant)).items);
  await withControl(session, flags, { for: 'read' }, async (control) => {
    const items = await control.store.items({ kind: 'override', tenant: flags.tenant });
    // By the clock of the database, as decisions are.
    await control.start();
    const now = control.databaseTime();
    show(items.flatMap((item) => overrideOf(item, now)));
  });
}

function overrideOf({ change, ...rest }: ControlItem, now: ClockRange | undefined): readonly OverrideItem[] {
  if (change.kind !== 'override') return [];
  const { tenant, override } = change;
  return [{ ...rest, tenant, override, ended: hasEnded(override, now) }];
}

async function findOverride(
  store: Pick<ControlStore, 'items'>,
  tenant: string,
  id: string,
): Promise<ControlItem | undefined> {
  return (await store.items({ kind: 'override', tenant, id }))[0];
}

/**
 * What a new override is recorded against. One that was lifted still counts as read: nobody has it in hand. The head is taken
 * before looking, so that one that is recorded meanwhile is a conflict and not replaced unread.
 */
export async function lastRevision(
  store: Pick<ControlStore, 'head' | 'items'>,
  tenant: string,
  id: string,
): Promise<string> {
  const head = formatRevision(await store.head());
  return (await findOverride(store, tenant, id))?.revision ?? head;
}
