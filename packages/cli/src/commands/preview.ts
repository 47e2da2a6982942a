import type { FlagDefinition } from '@rampart/core';
import type { Command } from 'commander';
import { EXIT, misused, required } from '../failure.js';
import { readContextNames } from '../input/context-names.js';
import { readContexts } from '../input/contexts.js';
import { type ControlFlags, readControl, saysConsent } from '../input/control.js';
import { readPairs } from '../input/pairs.js';
import { countChanges, renderPreview } from '../output/preview.js';
import { counted } from '../output/table.js';
import { type ConnectionFlags, readSettings } from '../settings.js';
import { asClientsSee, readFlags } from '../unleash/definitions.js';
import { previewRows, type Trial } from '../unleash/preview-rows.js';
import { connectedCommand, printJson, repeated, type Session } from './command.js';
import { withTenantState } from './shared-options.js';

interface Flags extends ConnectionFlags, ControlFlags {
  readonly tenants?: string;
  readonly feature?: string;
  readonly flag?: string;
  readonly set?: readonly string[];
  readonly contextName?: readonly string[];
  readonly all?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  rampart preview --tenants tenants.csv --feature ai.support-copilot --set minTier=business --consent support_copilot=opt_in
  rampart preview --tenants tenants.jsonl --feature ai.support-copilot --flag old-copilot --control control.json

tenants.csv has a header, e.g.: tenantId,tier,region,labels
An empty cell is an empty list or text; to leave a fact unknown, leave its column out.`;

/** `rampart preview`: who would gain or lose access. */
export function previewCommand(session: Session): Command {
  const command = connectedCommand('preview', 'any')
    .summary('show who would gain or lose access')
    .description(
      'Tries a changed aiAccess parameter (--set), or an existing flag put under a feature (--flag), on a list of tenants. Changes nothing. Exits with 1 where a row could not be read, or lacks an attribute without which its answer today can not be known.',
    )
    .option('--tenants <file>', 'contexts of tenants: JSON, JSON Lines, or CSV with a header (required)')
    .option('--feature <flag>', 'the feature whose policy changes, or that becomes the parent (required)')
    .option('--environment <name>', 'environment in Unleash [UNLEASH_ENVIRONMENT] (default: development)')
    .option('--flag <flag>', 'an existing flag that would get the feature as its parent')
    .addOption(repeated('--set <parameter=value>', 'an aiAccess parameter of the feature, e.g. minTier=pro'));
  return withTenantState(command)
    .option('--all', 'list also those for whom nothing changes')
    .addHelpText('after', EXAMPLES)
    .action((flags: Flags) => runPreview(session, flags));
}

async function runPreview(session: Session, flags: Flags): Promise<void> {
  const trial = readTrial(flags);
  const path = required('--tenants', flags.tenants);
  const settings = readSettings(flags, session.variables);
  const contextNames = readContextNames(flags.contextName);
  const { contexts, unread } = readContexts(path, contextNames);
  const tenants = contexts.map(({ attributes }) => String(attributes[contextNames.tenantId]));
  const control = readControl(flags, tenants);
  const read = await readFlags(settings);
  const { environment } = read;
  const definitions = asClientsSee(read.definitions);
  const rows = await previewRows(trial, contexts, { definitions, control, tiers: settings.tiers, contextNames });
  const counts = countChanges(rows);
  const notes = [...unknownNotes(counts.unknown), ...notesOf(trial, saysConsent(flags), definitions)];
  if (flags.json) printJson(session, { environment, ...trial, counts, rows, unread, notes });
  else {
    const text = { rows, unread, counts, all: flags.all ?? false, tenantName: contextNames.tenantId, notes };
    session.terminal.out(renderPreview({ ...text, what: `${describe(trial)} in ${environment}:` }, session.paint));
  }
  session.end(unread.length + counts.unknown > 0 ? EXIT.findings : EXIT.fine);
}

function readTrial(flags: Flags): Trial {
  const feature = required('--feature', flags.feature);
  const set = Object.fromEntries(readPairs('--set', flags.set ?? []));
  if (flags.flag === undefined && Object.keys(set).length === 0) {
    misused('nothing to try: pass --set PARAMETER=VALUE or --flag FLAG');
  }
  return { feature, flag: flags.flag, set };
}

function describe({ feature, flag, set }: Trial): string {
  const parameters = Object.entries(set).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  const changed = parameters.join(', ');
  if (flag === undefined) return `If ${feature} had ${changed}`;
  return `If ${flag} were put under ${feature}${changed === '' ? '' : ` with ${changed}`}`;
}

function unknownNotes(count: number): readonly string[] {
  if (count === 0) return [];
  return [
    `Today's answer can't be known for ${counted(count, 'row')}: add the attributes that the table names, as your services send them, to --tenants FILE. What a random number or a service's own strategy decides can't be previewed.`,
  ];
}

function notesOf(trial: Trial, consentGiven: boolean, definitions: readonly FlagDefinition[]): readonly string[] {
  const { flag, feature } = trial;
  const featureOff = definitions.some(({ name, enabled }) => name === feature && !enabled);
  const parent = definitions.find(({ name }) => name === flag)?.dependencies?.[0]?.feature;
  const child = definitions.find(({ dependencies }) => dependencies?.some((entry) => entry.feature === flag))?.name;
  const byMap = "use the provider's gates map";
  const all: readonly (readonly [boolean, string])[] = [
    [
      !consentGiven,
      'Consent: none given, so it counts as unset, and under opt_in nobody has access. Try --consent CLASS=opt_in or --control FILE.',
    ],
    [featureOff, `${feature} is off in this environment, so nobody has access, whatever its parameters.`],
    [
      parent !== undefined && parent !== feature,
      `${flag} has the parent ${parent}, which a second one would silently replace: ${byMap}.`,
    ],
    [child !== undefined, `${child} depends on ${flag}, so Unleash allows it no parent: ${byMap}.`],
  ];
  return all.filter(([applies]) => applies).map(([, note]) => note);
}
