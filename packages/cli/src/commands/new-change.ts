import { newChange, planNewChange } from '@rampart/unleash/admin';
import { type Command, Option } from 'commander';
import { readPairs } from '../input/pairs.js';
import { readVariant } from '../input/variants.js';
import { connectedCommand, repeated, type Session } from './command.js';
import { type CreationFlags, creationOptions, showCreation } from './creation.js';

interface Flags extends CreationFlags {
  readonly type: 'release' | 'experiment';
  readonly name?: string;
  readonly variant?: readonly string[];
  readonly set?: readonly string[];
}

const EXAMPLES = `
Examples:
  rampart new-change ai.support-copilot prompt-v18 --variant 'v18={"prompt":"v18"}' --dry-run
  rampart new-change ai.support-copilot gpt-test --type experiment \\
    --variant 'control=50:{"model":"m-1"}' --variant 'treatment=50:{"model":"m-2"}' --set mode=shadow`;

/** `rampart new-change`: a child flag with a first, closed stage. */
export function newChangeCommand(session: Session): Command {
  return connectedCommand('new-change', 'admin')
    .summary('create a change of a feature: who gets it now')
    .description(
      'Creates a flag under the feature, with one closed aiStage rule (stage internal, rollout 0): nobody gets it until you widen the rule. The rule names the current change in replaces, if one is on in that environment: where both are open at one stage, the new one answers. Refuses where Unleash would silently replace a parent.',
    )
    .argument('<feature>', "the feature's flag, e.g. ai.support-copilot")
    .argument('[change-id]', 'e.g. prompt-v18: the flag becomes <feature>.<change-id>')
    .option('--environment <list>', "environments to put the rule into [UNLEASH_ENVIRONMENT] (default: the feature's)")
    .option('--name <name>', "the flag's full name, instead of a change id")
    .addOption(new Option('--type <type>', 'type of the flag').choices(['release', 'experiment']).default('release'))
    .addOption(repeated('--variant <name=weight:json>', 'a variant, its percentage (may be left out) and its binding'))
    .addOption(repeated('--set <parameter=value>', 'an aiStage parameter, e.g. mode=shadow or replaces=ai.x.v1'))
    .option('--description <text>', 'description of the flag')
    .option('--enable', 'switch it on in those environments; its rule stays closed')
    .option('--dry-run', 'only show what would be done')
    .addHelpText('after', EXAMPLES)
    .action((feature: string, change: string | undefined, flags: Flags) =>
      runNewChange(session, feature, change, flags),
    );
}

async function runNewChange(
  session: Session,
  feature: string,
  change: string | undefined,
  flags: Flags,
): Promise<void> {
  const options = {
    ...creationOptions(session, flags),
    feature,
    type: flags.type,
    stage: Object.fromEntries(readPairs('--set', flags.set ?? [])),
    variants: (flags.variant ?? []).map(readVariant),
    ...(change === undefined ? {} : { change }),
    ...(flags.name === undefined ? {} : { name: flags.name }),
  };
  const plan = flags.dryRun ? await planNewChange(options) : await newChange(options);
  const state = options.enable ? 'is on, but its rule is closed' : 'is off, and its rule is closed';
  const next = [
    `${plan.flag} ${state}: widen it with rampart widen, or in the Unleash UI.`,
    `Check it with: rampart explain ${plan.flag} --tenant TENANT`,
  ];
  showCreation(session, flags, plan, next);
}
