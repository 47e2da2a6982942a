import { newFeature, type ParameterValues, planNewFeature } from '@rampart/unleash/admin';
import type { Command } from 'commander';
import { misused, required } from '../failure.js';
import { readPairs } from '../input/pairs.js';
import { connectedCommand, repeated, type Session } from './command.js';
import { type CreationFlags, creationOptions, showCreation } from './creation.js';

interface Flags extends CreationFlags {
  readonly class?: string;
  readonly minTier?: string;
  readonly upgradeUrl?: string;
  readonly consent?: string;
  readonly exclude?: string;
  readonly set?: readonly string[];
  readonly anyName?: boolean;
}

/** `rampart new-feature`: a flag that says who may have a feature. */
export function newFeatureCommand(session: Session): Command {
  return connectedCommand('new-feature', 'admin')
    .summary('create a feature: who may have it')
    .description(
      'Creates a kill-switch flag with one aiAccess rule. It stays off until it is switched on. Refuses a name that is taken.',
    )
    .argument('<name>', "the flag's name, ai.<feature>")
    .option('--class <class>', 'consent class, e.g. support_copilot (required)')
    .option(
      '--environment <list>',
      'environments to put the rule into [UNLEASH_ENVIRONMENT] (default: all of the project)',
    )
    .option('--min-tier <tier>', 'lowest tier that has it')
    .option('--upgrade-url <url>', 'where the paywall sends people')
    .option('--consent <model>', 'opt_in, opt_out or not_required (default: opt_in)')
    .option('--exclude <list>', 'labels that never get it, e.g. hipaa,financial')
    .addOption(repeated('--set <parameter=value>', 'any other aiAccess parameter, e.g. priority=P0'))
    .option('--description <text>', 'description of the flag')
    .option('--enable', 'switch it on in those environments')
    .option('--any-name', 'accept a name outside the convention')
    .option('--dry-run', 'only show what would be done')
    .addHelpText(
      'after',
      '\nExample:\n  rampart new-feature ai.support-copilot --class support_copilot --min-tier pro --exclude hipaa,financial',
    )
    .action((name: string, flags: Flags) => runNewFeature(session, name, flags));
}

async function runNewFeature(session: Session, name: string, flags: Flags): Promise<void> {
  const options = {
    ...creationOptions(session, flags),
    name,
    access: accessOf(flags),
    anyName: flags.anyName ?? false,
  };
  const plan = flags.dryRun ? await planNewFeature(options) : await newFeature(options);
  const next = [
    ...(options.enable ? [] : [`${name} is off: switch it on in the Unleash UI when its first change is ready.`]),
    `Next: rampart new-change ${name} prompt-v1`,
  ];
  showCreation(session, flags, plan, next);
}

function accessOf(flags: Flags): ParameterValues {
  const own = {
    featureClass: required('--class', flags.class),
    minTier: flags.minTier,
    upgradeUrl: flags.upgradeUrl,
    consent: flags.consent,
    exclude: flags.exclude,
  };
  const given = Object.entries(own).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const others = [...readPairs('--set', flags.set ?? [])];
  const twice = others.find(([parameter]) => given.some(([other]) => other === parameter));
  if (twice !== undefined) misused(`--set ${twice[0]}: it is given by its own option already, keep one`);
  return Object.fromEntries([...given, ...others]);
}
