import type { Command } from 'commander';
import { repeated } from './command.js';

/** Adds the options that `readScope` reads: what a kill, a cap or a floor covers. */
export function withScope(command: Command): Command {
  return command
    .option('--feature <flag>', 'a feature, e.g. ai.support-copilot')
    .option('--change <flag>', "a change, by its flag's full name")
    .option('--tenant <id>', 'one tenant')
    .option('--tier <tier>', 'one tier')
    .option('--region <region>', 'one region')
    .option('--label <label>', 'subjects with this label')
    .option('--all', 'everything');
}

/** Adds the options that say what is recorded of the tenants in a file, and under which names the file has its facts. */
export function withTenantState(command: Command): Command {
  return command
    .addOption(
      repeated(
        '--consent <class=state>',
        'consent of every tenant in the file: opt_in, opt_in:VERSION, opt_out or unset',
      ),
    )
    .option('--control <file>', 'JSON list of control changes: consents, kills, caps')
    .addOption(repeated('--context-name <fact=name>', 'a fact that your services send under another name'));
}
