import type { FlagOff, LiveKill, Pending } from '@rampart/sdk/operator';
import type { Command } from 'commander';
import { EXIT } from '../failure.js';
import { killsAnswer } from '../operator-gateway/answers.js';
import { createGatewayClient } from '../operator-gateway/gateway-client.js';
import { type GatewayConnection, readGatewayConnection } from '../operator-gateway/gateway-connection.js';
import { renderKills } from '../output/kills.js';
import type { Route } from '../output/order.js';
import { printJson, type Session } from './command.js';
import { withControl } from './database-command.js';
import { type OrderFlags, operatorCommand } from './order-commands.js';
import { killSwitchOf } from './orders.js';

interface Flags extends OrderFlags {
  readonly json?: boolean;
}

/** What `--json` prints. */
interface KillsData extends Pending {
  readonly kills: readonly LiveKill[];
  /** Flags that are still off in Unleash although their kill was revived. */
  readonly flagsOff: readonly FlagOff[];
  /** Why Unleash could not be asked whether they are still off. */
  readonly flagsOffError?: string | undefined;
}

/** `rampart kills`: what is off now, and what is not finished. */
export function killsCommand(session: Session): Command {
  return operatorCommand('kills')
    .summary('list what is killed now, and what does not hold yet')
    .description(
      'Lists the live kills (what, who, why, since when), orders that are not finished, and flags that are still off in Unleash after their kill was revived, and why. Ends with 1 while an order is not finished.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  rampart kills\n  rampart kills --json\n  rampart kills --gateway https://gateway.example.com',
    )
    .action((flags: Flags) => runKills(session, flags));
}

async function runKills(session: Session, flags: Flags): Promise<void> {
  const gateway = readGatewayConnection(flags, session.variables);
  if (gateway !== undefined) return show(session, flags, await killsOf(gateway), 'gateway');
  await withControl(session, flags, { for: 'read' }, async (control, settings) => {
    const killSwitch = killSwitchOf(control, settings, flags, session);
    // What this machine has to finish is known also while the database is not.
    const pending = await killSwitch.pending();
    if (pending.error !== undefined)
      session.terminal.err(renderKills({ ...pending, kills: [], flagsOff: [] }, session.paint));
    const kills = await killSwitch.kills();
    const off = await killSwitch.flagsOff();
    show(session, flags, { kills, ...pending, flagsOff: off.flags, flagsOffError: off.error }, 'database');
  });
}

async function killsOf(gateway: GatewayConnection): Promise<KillsData> {
  const request = { method: 'GET', path: '/v1/operator/kills', answer: killsAnswer } as const;
  const { kills, orders, flagsOff, flagsOffError } = await createGatewayClient(gateway).send(request);
  return { kills, orders, unreadable: [], flagsOff, flagsOffError };
}

function show(session: Session, { json }: Flags, data: KillsData, through: Route): void {
  if (json) printJson(session, data);
  else session.terminal.out(renderKills({ ...data, through }, session.paint));
  const { orders, unreadable, others = [] } = data;
  session.end(orders.length + unreadable.length + others.length === 0 ? EXIT.fine : EXIT.findings);
}
