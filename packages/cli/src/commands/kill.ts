import type { Command } from 'commander';
import { required } from '../failure.js';
import { readScope, type ScopeFlags } from '../input/scope.js';
import type { Session } from './command.js';
import { ENTRY_ID } from './database-command.js';
import { type OrderFlags, operatorCommand, withOrders } from './order-commands.js';
import { patiently, showOrder } from './orders.js';
import { withScope } from './shared-options.js';

interface Flags extends OrderFlags, ScopeFlags {
  readonly reason?: string;
  readonly entryId?: string;
  readonly timeout?: string;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  rampart kill --feature ai.support-copilot --reason "it invents prices, INC-7"
  rampart kill --feature ai.support-copilot --tenant acme --reason "acme asked for it" --timeout 30
  rampart kill --gateway https://gateway.example.com --feature ai.support-copilot --reason "INC-7"

Parts of a scope must all match. A whole feature, a whole change or --all also switches the flags off in Unleash, so that plain
SDKs obey. Both halves are tried until they hold; what is cut short, rampart sync finishes.`;

/** `rampart kill`: off, at once, everywhere. */
export function killCommand(session: Session): Command {
  const command = operatorCommand('kill')
    .summary('switch AI off, at once')
    .description(
      'Kills a feature, a change, or AI for a tenant, tier, region or label: in the control log, and in Unleash.',
    );
  return withScope(command)
    .option('--reason <text>', 'why (required)')
    .option('--actor <name>', 'who does it (default: your user name on this machine)')
    .option('--environment <list>', 'switch off only in these environments of Unleash (default: in every one)')
    .option(...ENTRY_ID)
    .option('--timeout <time>', 'stop trying after so many seconds, or e.g. 2m (default: never)')
    .addHelpText('after', EXAMPLES)
    .action((flags: Flags) => runKill(session, flags));
}

async function runKill(session: Session, flags: Flags): Promise<void> {
  const scope = readScope(flags);
  const reason = required('--reason', flags.reason);
  const order = { scope, reason, id: flags.entryId };
  await withOrders(session, flags, async (orders) => {
    const report = await patiently(session, flags, (patience) => orders.kill(order, patience));
    showOrder(session, report, { json: flags.json, through: orders.through });
  });
}
