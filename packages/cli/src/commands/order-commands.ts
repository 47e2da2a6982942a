import type { KillOrder, OrderReport, Patience, ReviveOrder } from '@rampart/sdk/operator';
import type { Command } from 'commander';
import type { DatabaseFlags } from '../control-settings.js';
import { readActor } from '../control-settings.js';
import { listOf } from '../input/pairs.js';
import { createGatewayClient } from '../operator-gateway/gateway-client.js';
import { type GatewayFlags, readGatewayConnection, withGateway } from '../operator-gateway/gateway-connection.js';
import { createGatewayOrders } from '../operator-gateway/gateway-orders.js';
import type { ConnectionFlags } from '../settings.js';
import { connectedCommand, type Session } from './command.js';
import { withControl, withDatabase } from './database-command.js';
import { killSwitchOf } from './orders.js';

/** Options of every command that orders, besides its own. */
export interface OrderFlags extends ConnectionFlags, DatabaseFlags, GatewayFlags {
  readonly actor?: string;
}

/** Takes orders: with the database itself, or through a gateway. */
export interface Orders {
  readonly through: 'database' | 'gateway';
  kill(order: Omit<KillOrder, 'actor'>, patience: Patience): Promise<OrderReport>;
  revive(order: Omit<ReviveOrder, 'actor'>, patience: Patience): Promise<OrderReport>;
}

/** A command that works on the database and Unleash, or through a gateway. */
export function operatorCommand(name: string): Command {
  return withGateway(withDatabase(connectedCommand(name, 'admin')));
}

/** Opens what takes orders for one command, and closes it. */
export async function withOrders(
  session: Session,
  flags: OrderFlags,
  use: (orders: Orders) => Promise<void>,
): Promise<void> {
  const gateway = readGatewayConnection(flags, session.variables);
  const environments = flags.environment === undefined ? undefined : listOf(flags.environment);
  if (gateway !== undefined) {
    const orders = createGatewayOrders(createGatewayClient(gateway));
    return use({
      through: 'gateway',
      kill: (order, patience) => orders.kill({ ...order, environments }, patience),
      revive: (order, patience) => orders.revive(order, patience),
    });
  }
  return withControl(session, flags, { for: 'write' }, async (control, settings) => {
    const killSwitch = killSwitchOf(control, settings, flags, session);
    const actor = readActor(flags.actor);
    await use({
      through: 'database',
      kill: (order, patience) => killSwitch.kill({ ...order, actor }, patience),
      revive: (order, patience) => killSwitch.revive({ ...order, actor }, patience),
    });
  });
}
