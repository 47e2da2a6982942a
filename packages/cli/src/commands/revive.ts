import type { Command } from 'commander';
import { required } from '../failure.js';
import type { Session } from './command.js';
import { type OrderFlags, operatorCommand, withOrders } from './order-commands.js';
import { patiently, showOrder } from './orders.js';

interface Flags extends OrderFlags {
  readonly reason?: string;
  readonly fix?: string;
  readonly leaveOff?: boolean;
  readonly timeout?: string;
  readonly json?: boolean;
}

/** `rampart revive`: ends a kill. */
export function reviveCommand(session: Session): Command {
  return operatorCommand('revive')
    .summary('end a kill')
    .description(
      'Ends a kill, and switches its flag on again in Unleash where this kill had switched it off. Refuses without a reason and the reference of a fix.',
    )
    .argument('<kill-id>', 'as rampart kills lists it')
    .option('--reason <text>', 'why it is safe again (required)')
    .option('--fix <reference>', 'where the fix is to be found: a pull request, an incident, a release (required)')
    .option('--leave-off', 'leave the flag off in Unleash')
    .option('--actor <name>', 'who does it (default: your user name on this machine)')
    .option('--timeout <time>', 'stop trying after so many seconds, or e.g. 2m (default: never)')
    .addHelpText(
      'after',
      '\nExample:\n  rampart revive kill-3f9c2a1b04de --reason "prices come from the catalogue now" --fix PR-1234',
    )
    .action((id: string, flags: Flags) => runRevive(session, id, flags));
}

async function runRevive(session: Session, id: string, flags: Flags): Promise<void> {
  const reason = required('--reason', flags.reason?.trim() || undefined);
  const fix = required('--fix', flags.fix?.trim() || undefined);
  const { leaveOff } = flags;
  const order = { id, reason, fix, leaveOff };
  await withOrders(session, flags, async (orders) => {
    const report = await patiently(session, flags, (patience) => orders.revive(order, patience));
    showOrder(session, report, { json: flags.json, through: orders.through });
  });
}
