import { createAdminClient, newFeature, type ParameterValues, planNewFeature } from '@rampart/unleash/admin';
import type { Command } from 'commander';
import { EXIT, misused, required } from '../failure.js';
import { listOf, readPairs } from '../input/pairs.js';
import { renderCreation } from '../output/plan.js';
import { type ConnectionFlags, readSettings, requireAdminToken } from '../settings.js';
import { connectedCommand, printJson, repeated, type Session } from './command.js';

interface Flags extends ConnectionFlags {
  readonly class?: string;
  readonly minTier?: string;
  readonly upgradeUrl?: string;
  readonly consent?: string;
  readonly exclude?: string;
  readonly set?: readonly string[];
  readonly description?: string;
  readonly enable?: boolean;
  readonly anyName?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
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
  const { environment, ...others } = flags;
  const settings = readSettings(others, session.variables);
  const environments = environment === undefined ? settings.environment && [settings.environment] : listOf(environment);
  const options = {
    client: createAdminClient({
      url: settings.url,
      token: requireAdminToken(settings),
      project: settings.project ?? 'default',
    }),
    name,
    access: accessOf(flags),
    tiers: settings.tiers,
    anyName: flags.anyName ?? false,
    enable: flags.enable ?? false,
    ...(environments ? { environments } : {}),
    ...(flags.description === undefined ? {} : { description: flags.description }),
  };
  const dryRun = flags.dryRun ?? false;
  const plan = dryRun ? await planNewFeature(options) : await newFeature(options);
  const next = [
    ...(options.enable ? [] : [`${name} is off: switch it on in the Unleash UI when its first change is ready.`]),
    `Next: rampart new-change ${name} prompt-v1`,
  ];
  if (flags.json) printJson(session, { dryRun, ...plan });
  else session.terminal.out(renderCreation(plan, dryRun, next, session.paint));
  session.end(EXIT.fine);
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
